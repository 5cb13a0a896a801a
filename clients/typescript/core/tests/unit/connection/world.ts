/** A conversation from the outside, in a world where nothing happens but what the test says. */

import { LimiError, VoiceConnection } from '../../../src/index.ts';
import type { VoiceOptions, VoiceState } from '../../../src/index.ts';
import { FakePlatform } from '../../../src/testing.ts';

export const BACKEND = 'http://limi.test/api';
/** Of `held`: nothing is left. */
export const NOTHING = { timers: 0, microphones: 0, sessions: 0, listeners: 0, requests: 0 };

/** A conversation that has not begun, the world it is in, and the states that it goes through. */
export function make(options: Partial<VoiceOptions> = {}): {
  world: FakePlatform;
  voice: VoiceConnection;
  seen: VoiceState[];
} {
  const world = new FakePlatform();
  const seen: VoiceState[] = [];
  const voice = new VoiceConnection({
    backendUrl: BACKEND,
    platform: world,
    onStateChange: (state) => seen.push(state),
    ...options,
  });
  return { world, voice, seen };
}

/** The same, connected. */
export async function connected(options: Partial<VoiceOptions> = {}): Promise<ReturnType<typeof make>> {
  const made = make(options);
  await made.voice.connect();
  return made;
}

/** What a promise is rejected with. */
export async function failure(promise: Promise<unknown>): Promise<LimiError> {
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof LimiError)) throw new Error(`expected a LimiError, got ${String(error)}`);
  return error;
}

/** One side says something in the session of the moment. */
export function say(world: FakePlatform, role: 'user' | 'assistant', id: string, text: string): void {
  const type =
    role === 'user'
      ? 'conversation.item.input_audio_transcription.completed'
      : 'response.output_audio_transcript.done';
  world.session.tell({ type, item_id: id, transcript: text });
}

/** The first time this, later that. */
export function onceThen<T>(first: () => T, later: () => T): () => T {
  let called = false;
  return () => {
    if (called) return later();
    called = true;
    return first();
  };
}
