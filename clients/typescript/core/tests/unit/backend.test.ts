/** What is asked of the backend, and what becomes of its answers. */

import { describe, expect, test } from 'vitest';
import { Backend } from '../../src/backend.ts';
import { LimiAIClient, LimiAIServiceIntegration, LimiError } from '../../src/index.ts';
import { FakePlatform } from '../../src/testing.ts';
import type { FakeAnswer } from '../../src/testing.ts';
import type { ClientOptions } from '../../src/index.ts';

function make(
  options: ClientOptions = {},
  url = 'http://limi.test/api',
): { world: FakePlatform; client: LimiAIClient } {
  const world = new FakePlatform();
  return { world, client: new LimiAIClient(url, { platform: world, ...options }) };
}

async function failure(promise: Promise<unknown>): Promise<LimiError> {
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof LimiError)) throw new Error(`expected a LimiError, got ${String(error)}`);
  return error;
}

const refusal = (status: number, code: string, more: object = {}): FakeAnswer => ({
  status,
  body: { error: 'Title', code, message: 'What happened', requestId: 'r1', ...more },
});

describe('a key', () => {
  test('is handed out as the backend sent it', async () => {
    const { client } = make();
    expect(await client.generateEphemeralKey({ sessionId: 'session-1' })).toMatchObject({
      ephemeralKey: 'ek_fake1',
      sessionId: 'session-1',
      model: 'gpt-realtime-2.1',
    });
  });

  test('is asked for at the base URL, with or without a slash at its end, or on the page’s own origin', async () => {
    for (const [url, host] of [
      ['http://limi.test/api', 'http://limi.test'],
      ['http://limi.test/api/', 'http://limi.test'],
      ['/api', 'http://page.test'],
    ] as const) {
      const { world, client } = make({}, url);
      const asked: string[] = [];
      const fetch = world.fetch.bind(world);
      world.fetch = (target, request) => {
        asked.push(target);
        return fetch(target, request);
      };
      await client.generateEphemeralKey();
      expect(asked).toEqual([`${host}/api/client-secret`]);
    }
  });

  test('is asked for in the name of whom the application says, at each request anew', async () => {
    let serial = 0;
    const { world, client } = make({
      apiKey: 'limi_unused',
      getAuthorization: () => {
        serial += 1;
        return Promise.resolve(serial === 3 ? undefined : `Bearer token-${String(serial)}`);
      },
    });
    await client.generateEphemeralKey();
    await client.generateEphemeralKey();
    await client.generateEphemeralKey();
    const sent = world.requests.map(({ headers }) => headers['Authorization']);
    expect(sent).toEqual(['Bearer token-1', 'Bearer token-2', undefined]);
  });

  test.each([
    ['no object', 'hello'],
    ['a page of a proxy', '<html>Not here</html>'],
    ['null', 'null'],
    ['no key', { expiresAt: 1 }],
    ['no URLs', { ephemeralKey: 'ek_1', expiresAt: 1, sessionId: 's', model: 'm' }],
  ])('that does not come (%s) is openai_client_secret_failed', async (_name, body) => {
    const { world, client } = make();
    world.answer = () => ({ status: 200, body });
    expect(await failure(client.generateEphemeralKey())).toMatchObject({
      code: 'openai_client_secret_failed',
      reference: 'http://limi.test/errors/openai_client_secret_failed',
    });
    expect(world.requests).toHaveLength(1);
  });

  test('that is none of ours is refused without being shown', async () => {
    const { world, client } = make();
    world.answer = () => ({ status: 200, body: { ...world.makeKey(), ephemeralKey: 'sk-proj-1' } });
    const error = await failure(client.generateEphemeralKey());
    expect(error.code).toBe('ephemeral_key_invalid');
    expect(`${error.message} ${error.hint} ${JSON.stringify(error)}`).not.toContain('sk-proj-1');
  });
});

describe('a request that fails', () => {
  test('is repeated with the same idempotency key, so that it stays one mint', async () => {
    const { world, client } = make();
    let times = 0;
    const usual = world.answer;
    world.answer = (request) => {
      times += 1;
      return times < 3 ? refusal(503, 'overloaded', { retryAfter: 1000 }) : usual(request);
    };
    const minted = client.generateEphemeralKey();
    await world.pass(1_999);
    expect(times).toBe(2);
    await world.pass(1);
    expect(await minted).toMatchObject({ ephemeralKey: 'ek_fake1' });
    expect(new Set(world.requests.map(({ headers }) => headers['Idempotency-Key'])).size).toBe(1);
  });

  test.each([
    [400, 'invalid_request'],
    [401, 'auth_required'],
    [403, 'forbidden'],
    [409, 'idempotency_conflict'],
    [500, 'openai_auth_failed'],
  ])('with %d is not repeated', async (status, code) => {
    const { world, client } = make();
    world.answer = () => refusal(status, code, { retryAfter: 100 });
    expect(await failure(client.generateEphemeralKey())).toMatchObject({ status, code, requestId: 'r1' });
    expect(world.requests).toHaveLength(1);
  });

  test('is not repeated when that would take longer than a person waits', async () => {
    const { world, client } = make();
    world.answer = () => refusal(429, 'rate_limit_exceeded', { retryAfter: 5_001 });
    expect(await failure(client.generateEphemeralKey())).toMatchObject({ retryAfterMs: 5_001 });
  });

  test('says how long to wait also where only the header knows', async () => {
    const { world, client } = make();
    world.answer = () => ({
      status: 429,
      body: 'slow down',
      headers: { 'retry-after': '7', 'x-request-id': 'r9' },
    });
    expect(await failure(client.generateEphemeralKey())).toMatchObject({
      code: 'openai_client_secret_failed',
      retryAfterMs: 7_000,
      requestId: 'r9',
    });
  });

  test('because the application’s own credential never comes is late as well, and leaves no timer', async () => {
    const getAuthorization = (): Promise<string> => new Promise(() => undefined);
    const { world, client } = make({ getAuthorization, timeoutMs: 2_000, maxRetries: 0 });
    const failed = failure(client.generateEphemeralKey());
    await world.pass(2_000);
    expect((await failed).code).toBe('token_generation_timeout');
    expect([world.requests, world.held.timers]).toEqual([[], 0]);
  });

  test('because nobody answers says which backend is to be looked at', async () => {
    const { world, client } = make({ maxRetries: 0 });
    world.answer = () => 'unreachable';
    expect((await failure(client.generateEphemeralKey())).hint).toBe(
      'Check the internet connection, and that http://limi.test/api runs and allows this origin',
    );
  });

  test('because nobody answers is network_error, after two more tries with growing pauses', async () => {
    const { world, client } = make();
    world.answer = () => 'unreachable';
    const failed = failure(client.generateEphemeralKey());
    await world.pass(500);
    expect(world.requests).toHaveLength(2);
    await world.pass(1_000);
    expect((await failed).code).toBe('network_error');
    expect(world.requests).toHaveLength(3);
  });

  test('because the backend is silent is token_generation_timeout', async () => {
    const { world, client } = make({ timeoutMs: 2_000, maxRetries: 0 });
    world.answer = () => 'silent';
    const failed = failure(client.generateEphemeralKey());
    await world.pass(2_000);
    expect((await failed).code).toBe('token_generation_timeout');
    expect(world.held).toEqual({ timers: 0, microphones: 0, sessions: 0, listeners: 0, requests: 0 });
  });

  test('is not repeated once it was called off', async () => {
    const world = new FakePlatform();
    const backend = new Backend('http://limi.test/api', {}, world);
    world.answer = () => 'unreachable';
    const stop = world.createAbort();
    const failed = failure(backend.mint({}, stop.signal));
    await world.pass(10);
    stop.abort();
    expect((await failed).code).toBe('network_error');
    expect(world.requests).toHaveLength(1);
    expect(world.held.timers).toBe(0);
  });
});

describe('health', () => {
  test('is told when it is good', async () => {
    expect(await make().client.checkHealth()).toMatchObject({ status: 'healthy', accessible: true });
  });

  test('is told when it is bad: that is an answer too', async () => {
    const { world, client } = make();
    world.answer = () => ({
      status: 503,
      body: { status: 'unhealthy', accessible: false, code: 'openai_timeout' },
    });
    expect(await client.checkHealth()).toMatchObject({ status: 'unhealthy', code: 'openai_timeout' });
  });

  test('of something that is not Limi is an error', async () => {
    const { world, client } = make();
    world.answer = () => ({ status: 200, body: {} });
    expect((await failure(client.checkHealth())).code).toBe('openai_client_secret_failed');
  });
});

test('a service asks with its key, for a session of its name', async () => {
  const world = new FakePlatform();
  const service = new LimiAIServiceIntegration('http://limi.test/api', 'limi_key', { platform: world });
  await service.generateTokenForService('booking-desk', {
    model: 'gpt-realtime-2.1',
    capabilities: ['text_output'],
  });
  expect(world.requests[0]).toMatchObject({
    headers: { Authorization: 'Bearer limi_key' },
    body: { sessionId: 'booking-desk', model: 'gpt-realtime-2.1', capabilities: ['text_output'] },
  });
  expect(await service.checkServiceHealth()).toMatchObject({ status: 'healthy' });
});

test('a client makes conversations with its own options', async () => {
  const { world, client } = make({ apiKey: 'limi_key' });
  const voice = client.createVoiceSession({ profile: 'desk' });
  await voice.connect();
  expect(world.requests[0]).toMatchObject({
    headers: { Authorization: 'Bearer limi_key' },
    body: { profile: 'desk' },
  });
});

test.each(['undefined', '', 'localhost:3001/api', 'ws://localhost:3001/api'])(
  'a backend URL that is none is refused at once: %s',
  (url) => {
    const world = new FakePlatform();
    expect(() => new LimiAIClient(url, { platform: world })).toThrow(
      new TypeError('backendUrl: must be like http://localhost:3001/api or /api'),
    );
  },
);
