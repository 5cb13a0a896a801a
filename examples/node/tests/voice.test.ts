import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LimiServer, REPOSITORY } from '../../../web/tests/host/limi-server.ts';
import { readWav } from '../wav.mjs';
import { outcome } from './programs.ts';

const QUESTION = path.join(REPOSITORY, 'examples/hello.wav');
const SECOND_BYTES = 48_000;
const folder = mkdtempSync(path.join(tmpdir(), 'limi-voice-'));
const answer = path.join(folder, 'answer.wav');
let limi: LimiServer;

beforeAll(async () => {
  limi = await LimiServer.start();
}, 90_000);

afterAll(async () => {
  rmSync(folder, { recursive: true });
  await limi.stop();
});

test('a spoken question gets a spoken answer, and both are written down', { timeout: 90_000 }, async () => {
  const { code, said, complained } = await outcome('voice.mjs', [QUESTION, answer], `${limi.url}/api`);
  expect([code, complained]).toEqual([0, '']);
  expect(said).toMatch(/^user: .*(time it is|seconds of speech)/im);
  expect(said).toMatch(/^assistant: \w+ \w+/m);
  const samples = readWav(readFileSync(answer));
  expect(samples.length).toBeGreaterThan(SECOND_BYTES);
  const loud = new Int16Array(Uint8Array.from(samples).buffer).filter((sample) => Math.abs(sample) > 1_000);
  expect(loud.length).toBeGreaterThan(1_000);
});

test('a recording of another kind is refused, and the way to convert it is told', async () => {
  const stereo = readFileSync(QUESTION);
  stereo.writeUInt16LE(2, 22);
  const question = path.join(folder, 'stereo.wav');
  writeFileSync(question, stereo);
  const { code, complained } = await outcome('voice.mjs', [question, answer], `${limi.url}/api`);
  expect(code).toBe(1);
  expect(complained).toContain('ffmpeg');
});

test('a backend that is away is named as the reason', async () => {
  const { code, complained } = await outcome('voice.mjs', [QUESTION, answer], 'http://127.0.0.1:9/api');
  expect(code).toBe(1);
  expect(complained).toContain('network_error');
});
