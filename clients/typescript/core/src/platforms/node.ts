/**
 * Node: WebSocket only, no devices. Sound goes in by `VoiceConnection.sendAudio` and comes out by `onAudio`.
 *
 * @module
 */

import type { Microphone, Platform, VoiceSession } from '../platform.ts';
import { COMMON } from './common.ts';

/** What a program without loudspeakers may want to know. */
export interface NodePlatformOptions {
  /** The assistant's sound as it comes, faster than it is spoken: 16-bit PCM, 24 kHz, mono. */
  readonly onAudio?: (pcm16: ArrayBuffer) => void;
}

/** Nothing is recorded, so nothing can be lost. */
const NO_MICROPHONE: Microphone = {
  mute: () => undefined,
  level: () => 0,
  onLost: () => undefined,
  close: () => undefined,
};

/** The platform of Node, and of whatever else has `fetch` and no devices. */
export function nodePlatform(options: NodePlatformOptions = {}): Platform {
  return {
    ...COMMON,
    name: 'node',
    hasWebRTC: false,
    resolveUrl: (url) => url,
    isOnline: () => true,
    listen: () => () => undefined,
    openMicrophone: () => Promise.resolve(NO_MICROPHONE),
    async createSession(request, observer): Promise<VoiceSession> {
      const sdk = await import('@openai/agents-realtime');
      const { NodeSession } = await import('./node-session.ts');
      return new NodeSession(sdk, request, observer, options.onAudio);
    },
  };
}
