/** Beginning a conversation, in a world where nothing happens but what the test says. */

import { describe, expect, test } from 'vitest';
import { MicrophoneProblem, SessionProblem } from '../../../src/index.ts';
import { NOTHING, connected, failure, make, onceThen } from './world.ts';

describe('connecting', () => {
  test('goes from disconnected over connecting to connected, and back', async () => {
    const { world, voice, seen } = make();
    expect(voice.connectionState).toEqual({ status: 'disconnected' });
    const connecting = voice.connect();
    expect(voice.connectionState).toEqual({ status: 'connecting' });
    await connecting;
    expect(voice.connectionState).toEqual({ status: 'connected', sessionId: 'sess_fake' });
    expect(voice.getSnapshot().transport).toBe('webrtc');
    await voice.disconnect();
    expect(seen.map(({ status }) => status)).toEqual([
      'connecting',
      'connecting',
      'connected',
      'disconnected',
    ]);
    expect(world.held).toEqual(NOTHING);
  });

  test('asks for the microphone before the key, so that the key does not age while a person decides', async () => {
    const { world, voice } = make();
    world.microphoneUndecided = true;
    void voice.connect();
    await world.pass(60_000);
    expect(world.requests).toEqual([]);
    await voice.disconnect();
    expect(world.held).toEqual(NOTHING);
  });

  test('mints with what it was given, an idempotency key and the client’s name', async () => {
    const { world } = await connected({
      apiKey: 'limi_test',
      model: 'gpt-realtime-2.1',
      profile: 'desk',
      variables: { name: 'Ada' },
      capabilities: ['audio_input'],
      sessionId: 'session-1',
      clientName: 'react/1.0.0',
    });
    const [mint] = world.requests;
    expect(mint?.body).toEqual({
      model: 'gpt-realtime-2.1',
      profile: 'desk',
      variables: { name: 'Ada' },
      capabilities: ['audio_input'],
      sessionId: 'session-1',
    });
    expect(mint?.headers).toMatchObject({
      Authorization: 'Bearer limi_test',
      'X-Limi-Client': 'react/1.0.0',
    });
    expect(mint?.headers['Idempotency-Key']).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('opens the session with the key, the URL of its transport, the instructions and the tools', async () => {
    const { world } = await connected({ instructions: 'Be kind.', tools: [], transport: 'websocket' });
    expect(world.session.request).toMatchObject({
      transport: 'websocket',
      key: 'ek_fake1',
      url: 'ws://limi.test/v1/realtime?model=gpt-realtime-2.1',
      model: 'gpt-realtime-2.1',
      instructions: 'Be kind.',
      tools: [],
      microphone: world.microphone,
    });
  });

  test('is one attempt however often it is asked for', async () => {
    const { world, voice } = make();
    await Promise.all([voice.connect(), voice.connect(), voice.connect()]);
    await voice.connect();
    expect(world.bodies('/client-secret')).toHaveLength(1);
    expect(world.sessions).toHaveLength(1);
  });

  test('may be asked for again from inside a callback, after it failed', async () => {
    const asked: Promise<void>[] = [];
    const { world, voice } = make({
      onStateChange: ({ status }) => {
        if (status === 'failed') asked.push(voice.connect());
      },
    });
    world.openMicrophone = onceThen(
      () => Promise.reject(new MicrophoneProblem('microphone_missing')),
      world.openMicrophone.bind(world),
    );
    await voice.connect();
    await Promise.all(asked);
    expect(asked).toHaveLength(1);
    expect(voice.connectionState.status).toBe('connected');
  });

  test('refuses a key that does not begin with ek_, and never shows it', async () => {
    const { world, voice } = make();
    world.answer = () => ({ status: 200, body: { ...world.makeKey(), ephemeralKey: 'sk-secret' } });
    const error = await failure(voice.connect());
    expect(error.code).toBe('ephemeral_key_invalid');
    expect(JSON.stringify(error) + error.message + String(error.stack)).not.toContain('sk-secret');
    expect(world.sessions).toEqual([]);
    await world.pass(0);
    expect(world.held).toEqual(NOTHING);
  });

  test('says what the backend said', async () => {
    const { world, voice } = make({ analytics: false });
    world.answer = () => ({
      status: 429,
      body: {
        code: 'rate_limit_exceeded',
        message: 'Too many requests',
        action: 'Wait',
        requestId: 'r1',
        reference: 'http://limi.test/errors/rate_limit_exceeded',
        retryAfter: 40_000,
      },
    });
    const error = await failure(voice.connect());
    expect(error).toMatchObject({
      code: 'rate_limit_exceeded',
      message: 'Too many requests',
      hint: 'Wait',
      requestId: 'r1',
      status: 429,
      retryAfterMs: 40_000,
      reference: 'http://limi.test/errors/rate_limit_exceeded',
    });
    expect(voice.connectionState).toEqual({ status: 'failed', error });
    expect(world.requests).toHaveLength(1);
  });

  test.each(['microphone_denied', 'microphone_missing'] as const)(
    'fails with %s, and tells where to read more',
    async (code) => {
      const { world, voice } = make();
      world.microphoneProblem = new MicrophoneProblem(code);
      const error = await failure(voice.connect());
      expect(error).toMatchObject({ code, reference: `http://limi.test/errors/${code}` });
      expect(error.hint).not.toBe('');
      await world.pass(0);
      expect(world.held).toEqual(NOTHING);
    },
  );

  test('fails with unsupported_platform where there are no devices at all, and says what the platform knows', async () => {
    const { world, voice } = make();
    world.openMicrophone = () => Promise.reject(new Error('Serve the page by https'));
    expect(await failure(voice.connect())).toMatchObject({
      code: 'unsupported_platform',
      hint: 'Serve the page by https',
      final: true,
    });
  });

  test('takes a key on a device whose clock is a day ahead', async () => {
    const { world, voice } = make();
    const expiresAt = Math.floor(world.now() / 1000) - 86_400;
    world.answer = () => ({ status: 200, body: { ...world.makeKey(), expiresAt } });
    await voice.connect();
    expect(world.session.request.key).toBe('ek_fake1');
  });

  test('takes a fresh key for one that upstream refuses as expired', async () => {
    const { world, voice } = make();
    world.opening = (session) =>
      session.request.key === 'ek_fake1'
        ? Promise.reject(new SessionProblem('token_expired'))
        : Promise.resolve();
    const connecting = voice.connect();
    await world.pass(1_500);
    await connecting;
    expect(world.session.request.key).toBe('ek_fake2');
  });

  test('takes a fresh key for one that the server does not know any more', async () => {
    const { world, voice } = make({ transport: 'websocket' });
    world.opening = (session) => {
      if (session.request.key !== 'ek_fake1') return Promise.resolve();
      session.tell({ type: 'error', error: { code: 'invalid_api_key', message: 'no such key' } });
      return Promise.reject(new SessionProblem('network_error'));
    };
    const connecting = voice.connect();
    await world.pass(1_500);
    await connecting;
    expect(world.session.request.key).toBe('ek_fake2');
  });

  test('resolves when it is disconnected meanwhile', async () => {
    const { voice } = make();
    const connecting = voice.connect();
    await voice.disconnect();
    await connecting;
    expect(voice.connectionState.status).toBe('disconnected');
  });

  test('does not remember that the device was offline once', async () => {
    const { world, voice } = await connected();
    world.emit('offline');
    await voice.disconnect();
    world.online = true;
    await voice.connect();
    world.session.breakDown();
    await world.pass(1_500);
    expect(voice.connectionState.status).toBe('connected');
  });
});
