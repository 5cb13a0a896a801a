/** The numbers that an application may choose. */

import { expect, test } from 'vitest';
import { VoiceConnection } from '../../src/index.ts';
import type { ReconnectOptions } from '../../src/index.ts';
import { DEFAULT_SETTINGS } from '../../src/machine/words.ts';
import { settingsOf } from '../../src/settings.ts';
import { connected } from './connection/world.ts';

test('what is not chosen is as usual, also where it is there but undefined', () => {
  const reconnect = { maxAttempts: undefined, renewAfterMs: 60_000 } as unknown as ReconnectOptions;
  expect(settingsOf({ reconnect }, true)).toEqual({ ...DEFAULT_SETTINGS, renewAfterMs: 60_000 });
});

test.each([
  [{ maxAttempts: -1 }, 'reconnect.maxAttempts: must be from 0 to Infinity'],
  [{ maxAttempts: Number.NaN }, 'reconnect.maxAttempts: must be from 0 to Infinity'],
  [{ delaysMs: [] }, 'reconnect.delaysMs: must be from 0 to 2147483647'],
  [{ delaysMs: [1_000, -1] }, 'reconnect.delaysMs: must be from 0 to 2147483647'],
  [{ jitter: 1 }, 'reconnect.jitter: must be from 0 to 0.99'],
  // A timer that is to wait longer than it can rings at once.
  [{ renewAfterMs: Infinity }, 'reconnect.renewAfterMs: must be from 1 to 2147483647'],
  [{ webrtcTimeoutMs: 'soon' }, 'reconnect.webrtcTimeoutMs: must be from 1 to 2147483647'],
])('a number that makes no sense is named: %o', (reconnect, message) => {
  const make = (): unknown =>
    new VoiceConnection({ backendUrl: '/api', reconnect: reconnect as unknown as ReconnectOptions });
  expect(make).toThrow(new RangeError(message));
});

test('an attempt may be repeated for ever', () => {
  expect(settingsOf({ reconnect: { maxAttempts: Infinity } }, true).maxAttempts).toBe(Infinity);
});

test('a conversation keeps to them: the renewal, and the wait for a quiet moment', async () => {
  const { world, voice } = await connected({ reconnect: { renewAfterMs: 60_000, renewPatienceMs: 5_000 } });
  world.session.tell({ type: 'input_audio_buffer.speech_started' });
  await world.pass(60_000);
  expect(world.sessions).toHaveLength(1);
  await world.pass(5_000);
  expect(world.sessions).toHaveLength(2);
  await voice.disconnect();
});
