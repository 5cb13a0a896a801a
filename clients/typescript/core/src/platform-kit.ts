/**
 * What a platform for another place is built from: the official session behind `VoiceSession`, and what most places share.
 *
 * @packageDocumentation
 */

export { COMMON, uuidFrom } from './platforms/common.ts';
export type { Common } from './platforms/common.ts';
export { loudnessOf } from './platforms/loudness.ts';
export { OfficialSession } from './platforms/official.ts';
export type { OfficialTransport, SDK } from './platforms/official.ts';
export { PeerSession } from './platforms/peer.ts';
export type { PeerSound } from './platforms/peer.ts';
