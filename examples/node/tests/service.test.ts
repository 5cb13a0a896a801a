import type { ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LimiServer } from '../../../web/tests/host/limi-server.ts';
import { startService } from './programs.ts';

let limi: LimiServer;
const programs: ChildProcess[] = [];

beforeAll(async () => {
  limi = await LimiServer.start();
}, 90_000);

afterAll(async () => {
  for (const program of programs) program.kill();
  await limi.stop();
});

async function start(backend = `${limi.url}/api`, apiKey?: string) {
  const service = await startService(backend, apiKey);
  programs.push(service.program);
  return service;
}

function ask(url: string, token?: string): Promise<Response> {
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  return fetch(`${url}/voice-key`, { method: 'POST', headers });
}

test('a user gets a key and where it is good for, and nobody keeps the answer', async () => {
  const { url } = await start();
  const answer = await ask(url, 'demo-token-of-alice');
  expect(answer.status).toBe(200);
  expect(answer.headers.get('Cache-Control')).toBe('no-store');
  expect(await answer.json()).toEqual({
    key: expect.stringMatching(/^ek_/) as string,
    expiresAt: expect.any(Number) as number,
    urls: {
      webrtc: expect.stringMatching(/^http/) as string,
      websocket: expect.stringMatching(/^ws/) as string,
    },
  });
});

test('nobody else gets one', async () => {
  const { url } = await start();
  expect((await ask(url)).status).toBe(401);
  expect((await ask(url, 'guessed')).status).toBe(401);
  expect((await fetch(`${url}/elsewhere`, { method: 'POST' })).status).toBe(404);
});

test('says whether keys can be had', async () => {
  const { url } = await start();
  const answer = await fetch(`${url}/health`);
  expect([answer.status, await answer.json()]).toEqual([200, { voice: true }]);
});

test('users hear nothing of a backend that is away, and operators do', async () => {
  const { url, complaints } = await start('http://127.0.0.1:9/api');
  const answer = await ask(url, 'demo-token-of-bob');
  expect([answer.status, await answer.json()]).toEqual([503, { error: 'Voice is not available now' }]);
  expect((await fetch(`${url}/health`)).status).toBe(503);
  expect(complaints()).toContain('network_error');
});

test('over the backend’s limit a user is told when to come again', async () => {
  const strict = await LimiServer.start({ LIMI_LIMITS_GLOBAL_PER_MINUTE: '1' });
  try {
    const { url } = await start(`${strict.url}/api`);
    expect((await ask(url, 'demo-token-of-alice')).status).toBe(200);
    const answer = await ask(url, 'demo-token-of-bob');
    expect([answer.status, await answer.json()]).toEqual([429, { error: 'Too many calls at once' }]);
    expect(Number(answer.headers.get('Retry-After'))).toBeGreaterThan(0);
  } finally {
    await strict.stop();
  }
});

test('a wrong key of the service is the operators’ matter as well', async () => {
  const { url, complaints } = await start(undefined, 'limi_wrong');
  expect((await ask(url, 'demo-token-of-bob')).status).toBe(503);
  expect(complaints()).not.toBe('');
  expect(complaints()).not.toContain('limi_wrong');
});
