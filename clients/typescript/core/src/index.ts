/**
 * Voice conversations through a Limi AI Backend.
 *
 * @packageDocumentation
 */

export { LimiAIClient } from './client.ts';
export { VoiceConnection } from './connection.ts';
export { LimiAIVoiceClient } from './voice-client.ts';
export type { VoiceClientEvents } from './voice-client.ts';
export { LimiAIServiceIntegration } from './service.ts';
export type { ServiceTokenOptions } from './service.ts';
export { LimiError } from './errors.ts';
export type { LimiErrorFacts } from './errors.ts';
export type { ErrorCode, ClientErrorCode } from './errors.generated.ts';
export { MicrophoneProblem, SessionProblem } from './platform.ts';
export { browserPlatform } from './platforms/browser.ts';
export { nodePlatform } from './platforms/node.ts';
export type { NodePlatformOptions } from './platforms/node.ts';
export { VERSION } from './version.ts';
export type * from './types.ts';
export type * from './platform.ts';
