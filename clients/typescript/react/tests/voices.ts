import { LimiError } from '@limi-ai/client';
import type { VoiceConnectionResult } from '../src/use-voice-connection.ts';

/** A conversation as a hook shows it, at rest unless told otherwise. */
export function voice(change: Partial<VoiceConnectionResult> = {}): VoiceConnectionResult {
  const status = change.status ?? 'disconnected';
  return {
    status,
    error: null,
    session: null,
    connect: () => Promise.resolve(),
    disconnect: () => Promise.resolve(),
    isConnected: status === 'connected',
    isConnecting: status === 'connecting',
    transcript: [],
    muted: false,
    mute: () => undefined,
    levels: () => ({ input: 0, output: 0 }),
    attempt: 0,
    sendText: () => undefined,
    interrupt: () => undefined,
    ...change,
  };
}

export const DENIED = new LimiError({
  code: 'microphone_denied',
  message: 'The microphone may not be used',
  hint: 'Allow the microphone for this page, then connect again',
  reference: 'http://localhost:3001/errors/microphone_denied',
  final: true,
});
