/** The same client in Node, against the same backend: sound goes in and comes out as PCM. */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from '@playwright/test';
import { LimiAIClient, LimiAIServiceIntegration, nodePlatform } from '@limi-ai/client';
import { test } from './fixtures.ts';
import { HEARS_WORDS } from './server.ts';

const RECORDING = path.resolve(import.meta.dirname, '../../../../../examples/hello.wav');
const HEADER_BYTES = 44;

test.use({ platform: 'Node' });

test('a conversation in Node', async ({ server, shows }) => {
  shows('connect', 'speak');
  let heard = 0;
  const platform = nodePlatform({
    onAudio: (pcm16) => {
      heard += pcm16.byteLength;
    },
  });
  const voice = new LimiAIClient(`${server.url}/api`, { platform }).createVoiceSession();
  await voice.connect();
  expect(voice.getSnapshot()).toMatchObject({ transport: 'websocket', state: { status: 'connected' } });
  const speech = readFileSync(RECORDING).subarray(HEADER_BYTES);
  const sound = Buffer.concat([speech, Buffer.alloc(96_000)]);
  voice.sendAudio(sound.buffer.slice(sound.byteOffset, sound.byteOffset + sound.length));
  await expect.poll(() => heard, { timeout: 30_000 }).toBeGreaterThan(20_000);
  const words = (role: string): string => {
    const entries = voice.getSnapshot().transcript.filter((entry) => entry.role === role);
    return entries.map(({ text }) => text).join(' ');
  };
  await expect.poll(() => words('assistant'), { timeout: 30_000 }).not.toBe('');
  if (HEARS_WORDS)
    await expect.poll(() => words('user').toLowerCase(), { timeout: 30_000 }).toContain('time');
  await voice.disconnect();
  expect(voice.connectionState).toEqual({ status: 'disconnected' });
});

test('a server that is restarted is found again, and afterwards no timer is left', async ({
  server,
  shows,
}) => {
  shows('reconnect', 'leak-free');
  const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timers();
  const voice = new LimiAIClient(`${server.url}/api`).createVoiceSession({
    reconnect: { delaysMs: [1000, 4000] },
  });
  await voice.connect();
  await server.stop();
  await expect.poll(() => voice.connectionState.attempt ?? 0, { timeout: 10_000 }).toBeGreaterThan(0);
  await server.begin();
  await expect.poll(() => voice.connectionState.status, { timeout: 30_000 }).toBe('connected');
  await voice.disconnect();
  // Waiting is done by a timer as well.
  await expect.poll(timers).toBeLessThanOrEqual(before + 1);
});

test('a session is renewed before its longest time, and one that reached it is followed by another', async ({
  outside: { sandbox, server },
  shows,
}) => {
  shows('renewal', 'server-ended');
  // The second session is the one that gets no time to be renewed.
  await sandbox.harm({ where: 'session', what: 'expire', after_seconds: 0.5, after: 1, times: 1 });
  const node = nodePlatform();
  const phases: string[] = [];
  const attempts: number[] = [];
  const asked = new Set<string>();
  const ask = (words: string): void => {
    if (!asked.has(words)) voice.sendText(words);
    asked.add(words);
  };
  // By default it is 55 minutes, which no option shortens; the platform's timers do.
  const platform: typeof node = {
    ...node,
    setTimer: (callback, delayMs) => node.setTimer(callback, delayMs > 600_000 ? 1_000 : delayMs),
  };
  const voice = new LimiAIClient(`${server.url}/api`, { platform }).createVoiceSession({
    onEvent: (event) => {
      if (event.type === 'phase') phases.push(event.phase);
    },
    onStateChange: ({ status, attempt }) => {
      if (attempt !== undefined) attempts.push(attempt);
      else if (status === 'connected' && attempts.length === 1) ask('What did you say?');
    },
  });
  await voice.connect();
  ask('Repeat after me: blue door');
  const said = (): string =>
    voice
      .getSnapshot()
      .transcript.map(({ text }) => text)
      .join(' ');
  await expect.poll(said).toMatch(/blue door.*blue door/);
  await expect.poll(() => attempts, { timeout: 15_000 }).toContain(1);
  await expect.poll(() => voice.connectionState.status, { timeout: 15_000 }).toBe('connected');
  expect(phases.indexOf('renewing')).toBeGreaterThan(0);
  expect(phases.indexOf('waiting')).toBeGreaterThan(phases.indexOf('renewing'));
  expect(new Set(attempts)).toEqual(new Set([1]));
  await expect.poll(said, { timeout: 15_000 }).toMatch(/(blue door.*){3}/);
  await voice.disconnect();
});

test('a service gets keys and asks how the backend is', async ({ server }) => {
  const limi = new LimiAIServiceIntegration(`${server.url}/api`);
  const key = await limi.generateTokenForService('booking-desk', {
    capabilities: ['audio_input', 'audio_output'],
  });
  expect(key.ephemeralKey).toMatch(/^ek_/);
  expect(key.sessionId).toBe('booking-desk');
  expect((await limi.checkServiceHealth()).status).toBe('healthy');
});

test('an unknown model is refused in the backend’s words', async ({ server }) => {
  const limi = new LimiAIServiceIntegration(`${server.url}/api`);
  await expect(limi.generateTokenForService('desk', { model: 'gpt-9' })).rejects.toMatchObject({
    name: 'LimiError',
    reference: expect.stringMatching(/\/errors\/\w+$/),
    requestId: expect.any(String),
  });
});
