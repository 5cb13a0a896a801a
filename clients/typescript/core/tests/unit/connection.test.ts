/** One conversation from the outside, in a world where nothing happens but what the test says. */

import { describe, expect, test, vi } from 'vitest';
import { LimiError, MicrophoneProblem, SessionProblem, VoiceConnection } from '../../src/index.ts';
import type { VoiceEvent, VoiceOptions, VoiceState } from '../../src/index.ts';
import { FakePlatform } from '../../src/testing.ts';

const BACKEND = 'http://limi.test/api';
const NOTHING = { timers: 0, microphones: 0, sessions: 0, listeners: 0, requests: 0 };

function make(options: Partial<VoiceOptions> = {}): {
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

async function connected(options: Partial<VoiceOptions> = {}): Promise<ReturnType<typeof make>> {
  const made = make(options);
  await made.voice.connect();
  return made;
}

async function failure(promise: Promise<unknown>): Promise<LimiError> {
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof LimiError)) throw new Error(`expected a LimiError, got ${String(error)}`);
  return error;
}

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

  test('fails with unsupported_platform where there are no devices at all', async () => {
    const { world, voice } = make();
    world.openMicrophone = () => Promise.reject(new Error('not a secure context'));
    expect((await failure(voice.connect())).code).toBe('unsupported_platform');
  });

  test('takes a fresh key for one that expired on the way', async () => {
    const { world, voice } = make();
    let first = true;
    world.answer = () => {
      const key = world.makeKey();
      const expiresAt = first ? Math.floor(world.now() / 1000) - 1 : key.expiresAt;
      first = false;
      return { status: 200, body: { ...key, expiresAt } };
    };
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

describe('losing the connection', () => {
  test('is got back with a fresh key, the attempt shown, and what was said told to the new session', async () => {
    const { world, voice, seen } = await connected();
    say(world, 'user', 'item_1', 'Hello');
    say(world, 'assistant', 'item_2', 'Good day.');
    world.session.breakDown();
    expect(voice.connectionState).toMatchObject({ status: 'connecting', attempt: 1 });
    await world.pass(1_000);
    expect(voice.connectionState).toEqual({ status: 'connected', sessionId: 'sess_fake' });
    expect(world.sessions).toHaveLength(2);
    expect(world.session.request.key).toBe('ek_fake2');
    expect(world.session.restored).toEqual([
      { id: 'item_1', role: 'user', text: 'Hello' },
      { id: 'item_2', role: 'assistant', text: 'Good day.' },
    ]);
    expect(world.microphones).toHaveLength(1);
    expect(seen.some(({ attempt }) => attempt === 1)).toBe(true);
    expect(voice.getSnapshot().transcript).toHaveLength(2);
  });

  test('keeps the conversation’s name', async () => {
    const { world } = await connected();
    world.session.breakDown();
    await world.pass(1_000);
    expect(world.bodies('/client-secret')).toEqual([{}, { sessionId: 'sess_fake' }]);
  });

  test('is given up after three attempts', async () => {
    const { world, voice } = await connected({ maxRetries: 0 });
    world.answer = () => 'unreachable';
    world.session.breakDown();
    await world.pass(60_000);
    expect(voice.connectionState).toMatchObject({ status: 'failed', error: { code: 'network_error' } });
    expect(world.bodies('/client-secret')).toHaveLength(1 + 3);
    expect(world.held).toEqual(NOTHING);
  });

  test('is got back at once when the network returns', async () => {
    const { world, voice } = await connected();
    world.emit('offline');
    world.session.breakDown();
    await world.pass(20_000);
    expect(voice.connectionState.status).toBe('connecting');
    expect(world.sessions).toHaveLength(1);
    world.emit('online');
    await world.pass(0);
    expect(voice.connectionState.status).toBe('connected');
  });

  test('a path that turns bad for a moment changes nothing', async () => {
    const { world, voice, seen } = await connected();
    world.session.observer.onUnsteady(true);
    await world.pass(4_900);
    world.session.observer.onUnsteady(false);
    await world.pass(10_000);
    expect(world.sessions).toHaveLength(1);
    expect(seen.at(-1)?.status).toBe('connected');
    expect(voice.connectionState.status).toBe('connected');
  });

  test('a path that stays bad is replaced after five seconds', async () => {
    const { world } = await connected();
    const before = world.session;
    before.observer.onUnsteady(true);
    await world.pass(5_000);
    expect(before.closed).toBe(true);
    await world.pass(1_000);
    expect(world.sessions).toHaveLength(2);
  });

  test('what a session tells after it was replaced is not heard', async () => {
    const { world, voice } = await connected();
    const before = world.session;
    before.breakDown();
    await world.pass(1_000);
    before.tell({
      type: 'conversation.item.input_audio_transcription.completed',
      item_id: 'x',
      transcript: 'ghost',
    });
    before.observer.onClosed();
    before.observer.onUnsteady(true);
    before.observer.onInterrupted();
    expect(voice.getSnapshot().transcript).toEqual([]);
    expect(voice.connectionState.status).toBe('connected');
  });

  test('a session that the server let expire is renewed without an error', async () => {
    const { world, voice } = await connected();
    world.session.tell({ type: 'error', error: { code: 'session_expired', message: 'after 60 minutes' } });
    world.session.breakDown();
    await world.pass(1_000);
    expect(voice.connectionState).toEqual({ status: 'connected', sessionId: 'sess_fake' });
  });

  test('other errors of the server are no reason to end anything', async () => {
    const { world, voice } = await connected();
    world.session.tell({ type: 'error', error: { code: 'response_cancel_not_active', message: 'none' } });
    world.session.tell({ type: 'error' });
    expect(voice.connectionState.status).toBe('connected');
  });
});

describe('falling back', () => {
  test('takes WebSocket where there is no WebRTC', async () => {
    const { world, voice } = make();
    world.hasWebRTC = false;
    const other = new VoiceConnection({ backendUrl: BACKEND, platform: world });
    await other.connect();
    expect(world.session.request.transport).toBe('websocket');
    expect(other.getSnapshot().transport).toBe('websocket');
    expect(voice.getSnapshot().transport).toBeNull();
  });

  test('takes WebSocket where WebRTC does not come about in ten seconds', async () => {
    const events: VoiceEvent[] = [];
    const { world, voice } = make({ onEvent: (event) => events.push(event) });
    world.opening = ({ request }) =>
      request.transport === 'webrtc' ? new Promise(() => undefined) : Promise.resolve();
    const connecting = voice.connect();
    await world.pass(10_000);
    await connecting;
    expect(voice.getSnapshot()).toMatchObject({ transport: 'websocket', state: { status: 'connected' } });
    expect(world.sessions.map(({ closed }) => closed)).toEqual([true, false]);
    expect(world.sessions.map(({ request }) => request.key)).toEqual(['ek_fake1', 'ek_fake2']);
    expect(events).toContainEqual({ type: 'fallback', from: 'webrtc' });
  });

  test('takes WebSocket at once where WebRTC fails, and nobody has to see an error', async () => {
    const { world, voice } = make();
    world.opening = ({ request }) =>
      request.transport === 'webrtc'
        ? Promise.reject(new SessionProblem('webrtc_connection_failed'))
        : Promise.resolve();
    await voice.connect();
    expect(voice.connectionState).toEqual({ status: 'connected', sessionId: 'sess_fake' });
  });

  test('does not where WebRTC is demanded', async () => {
    const { world, voice } = make({ transport: 'webrtc' });
    world.opening = () => Promise.reject(new SessionProblem('webrtc_connection_failed'));
    expect((await failure(voice.connect())).code).toBe('webrtc_connection_failed');
    await world.pass(0);
    expect(world.held).toEqual(NOTHING);
  });
});

describe('the server ends the call', () => {
  test('which is final and says why', async () => {
    const { world, voice } = await connected();
    world.session.end('The budget of this call is used up.');
    const { error, status } = voice.connectionState;
    expect(status).toBe('failed');
    expect(error).toMatchObject({
      code: 'session_ended',
      reason: 'The budget of this call is used up.',
      final: true,
      reference: 'http://limi.test/errors/session_ended',
    });
    await world.pass(60_000);
    expect(world.sessions).toHaveLength(1);
    expect(world.held).toEqual(NOTHING);
  });

  test('while it is being opened', async () => {
    const { world, voice } = make();
    world.opening = (session) => {
      session.tell({ type: 'error', error: { code: 'invalid_model', message: 'There is no such model.' } });
      return Promise.reject(new SessionProblem('network_error'));
    };
    expect(await failure(voice.connect())).toMatchObject({
      code: 'session_ended',
      reason: 'There is no such model.',
    });
  });

  test('twice, each time with its own reason', async () => {
    const { world, voice } = await connected();
    world.session.end('One.');
    await voice.connect();
    world.session.end('Two.');
    expect(voice.connectionState.error?.reason).toBe('Two.');
  });
});

describe('the longest session', () => {
  test('is renewed in a quiet moment after 55 minutes, key first', async () => {
    const { world, voice, seen } = await connected();
    say(world, 'assistant', 'item_2', 'Still here.');
    world.session.tell({ type: 'input_audio_buffer.speech_started' });
    await world.pass(55 * 60_000);
    expect(world.sessions).toHaveLength(1);
    world.session.tell({ type: 'input_audio_buffer.speech_stopped' });
    await world.pass(0);
    expect(world.sessions.map(({ closed }) => closed)).toEqual([true, false]);
    expect(world.session.restored).toEqual([{ id: 'item_2', role: 'assistant', text: 'Still here.' }]);
    expect(voice.connectionState.status).toBe('connected');
    expect(seen.every(({ attempt }) => attempt === undefined)).toBe(true);
  });
});

describe('the microphone', () => {
  test('is replaced when it is pulled out', async () => {
    const { world, voice } = await connected();
    world.microphone.unplug();
    await world.pass(0);
    expect(world.microphones).toHaveLength(2);
    expect(world.session.microphone).toBe(world.microphone);
    expect(world.held.microphones).toBe(1);
    expect(voice.connectionState.error).toBeUndefined();
  });

  test('that is gone is told of while the conversation goes on, and taken again when one appears', async () => {
    const { world, voice } = await connected();
    world.microphoneProblem = new MicrophoneProblem('microphone_missing');
    world.microphone.unplug();
    await world.pass(0);
    expect(voice.connectionState).toMatchObject({
      status: 'connected',
      error: { code: 'microphone_missing' },
    });
    world.microphoneProblem = null;
    world.emit('devicechange');
    await world.pass(0);
    expect(voice.connectionState).toEqual({ status: 'connected', sessionId: 'sess_fake' });
    expect(world.session.microphone).toBe(world.microphone);
  });

  test('stays muted when it is replaced', async () => {
    const { world, voice } = await connected();
    voice.mute(true);
    expect(world.microphone.muted).toBe(true);
    expect(voice.getSnapshot().muted).toBe(true);
    world.microphone.unplug();
    await world.pass(0);
    expect(world.microphone.muted).toBe(true);
    voice.mute(false);
    expect(world.microphone.muted).toBe(false);
  });

  test('and the assistant are measured', async () => {
    const { world, voice } = await connected();
    expect(voice.levels()).toEqual({ input: 0, output: 0 });
    world.microphone.loudness = 0.5;
    world.session.loudness = 0.7;
    expect(voice.levels()).toEqual({ input: 0.5, output: 0.7 });
    voice.mute(true);
    expect(voice.levels()).toEqual({ input: 0, output: 0.7 });
    await voice.disconnect();
    expect(voice.levels()).toEqual({ input: 0, output: 0 });
  });
});

describe('disconnecting leaves nothing', () => {
  const moments: readonly (readonly [string, (world: FakePlatform, voice: VoiceConnection) => unknown])[] = [
    ['at once', () => undefined],
    ['while the microphone is asked for', (world) => (world.microphoneUndecided = true)],
    ['while the backend is silent', (world) => (world.answer = () => 'silent')],
    ['while the backend is asked again', (world) => (world.answer = () => 'unreachable')],
    ['while the session is opened', (world) => (world.opening = () => new Promise(() => undefined))],
  ];

  test.each(moments)('%s', async (_name, prepare) => {
    for (const afterMs of [0, 100, 700]) {
      const { world, voice } = make();
      prepare(world, voice);
      const connecting = voice.connect();
      await world.pass(afterMs);
      await voice.disconnect();
      await connecting;
      expect(world.held).toEqual(NOTHING);
    }
  });

  test('while connected, waiting, unsteady or renewing', async () => {
    const ways: ((world: FakePlatform) => unknown)[] = [
      () => undefined,
      (world) => {
        world.session.breakDown();
      },
      (world) => {
        world.session.observer.onUnsteady(true);
      },
      async (world) => {
        world.answer = () => 'silent';
        await world.pass(55 * 60_000);
      },
    ];
    for (const way of ways) {
      const { world, voice } = await connected();
      await way(world);
      const disconnected = Promise.all([voice.disconnect(), voice.disconnect()]);
      expect(world.held).toMatchObject({ sessions: 0, microphones: 0, listeners: 0 });
      await world.pass(3_000);
      await disconnected;
      expect(world.held).toEqual(NOTHING);
      expect(voice.connectionState).toEqual({ status: 'disconnected' });
    }
  });

  test('also when the microphone comes too late', async () => {
    const { world, voice } = make();
    let answer: () => void = () => undefined;
    const late = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const open = world.openMicrophone.bind(world);
    world.openMicrophone = () => late.then(open);
    const connecting = voice.connect();
    await voice.disconnect();
    answer();
    await world.pass(0);
    await connecting;
    expect(world.microphones).toHaveLength(1);
    expect(world.held).toEqual(NOTHING);
  });
});

describe('who watches', () => {
  test('sees the same snapshot until something changed', async () => {
    const { world, voice } = await connected();
    const before = voice.getSnapshot();
    world.session.tell({ type: 'response.created' });
    voice.mute(false);
    expect(voice.getSnapshot()).toBe(before);
    say(world, 'user', 'item_1', 'Hello');
    const after = voice.getSnapshot();
    expect(after).not.toBe(before);
    expect(after.state).toBe(before.state);
    expect(before.transcript).toEqual([]);
  });

  test('is called after each change until it stops watching', async () => {
    const { world, voice } = make();
    const listener = vi.fn();
    const stop = voice.subscribe(listener);
    await voice.connect();
    const calls = listener.mock.calls.length;
    expect(calls).toBeGreaterThan(1);
    stop();
    say(world, 'user', 'item_1', 'Hello');
    expect(listener).toHaveBeenCalledTimes(calls);
  });

  test('may throw without harm to the conversation', async () => {
    const thrown: unknown[] = [];
    const note = (reason: unknown): void => {
      thrown.push(reason);
    };
    process.on('unhandledRejection', note);
    try {
      const fault = new Error('of the application');
      const { world, voice } = make({
        onStateChange: () => {
          throw fault;
        },
      });
      await voice.connect();
      expect(voice.connectionState.status).toBe('connected');
      await voice.disconnect();
      await new Promise((resolve) => setImmediate(resolve));
      expect(world.held).toEqual(NOTHING);
      expect(thrown).toContain(fault);
    } finally {
      process.off('unhandledRejection', note);
    }
  });

  test('is told what happens, but neither keys nor words', async () => {
    const events: VoiceEvent[] = [];
    const { world, voice } = await connected({ onEvent: (event) => events.push(event) });
    say(world, 'user', 'item_1', 'my secret');
    world.session.observer.onInterrupted();
    world.session.breakDown();
    await world.pass(1_000);
    await voice.disconnect();
    expect(new Set(events.map(({ type }) => type))).toEqual(
      new Set(['state', 'phase', 'interrupted', 'error']),
    );
    expect(JSON.stringify(events)).not.toMatch(/ek_fake|my secret/);
  });
});

describe('saying something', () => {
  test('reaches the session', async () => {
    const { world, voice } = await connected();
    const sound = new ArrayBuffer(4);
    voice.sendText('Hello');
    voice.sendAudio(sound);
    voice.interrupt();
    expect(world.session.texts).toEqual(['Hello']);
    expect(world.session.sounds).toEqual([sound]);
    expect(world.session.interruptions).toBe(1);
    voice.mute(true);
    voice.sendAudio(sound);
    expect(world.session.sounds).toHaveLength(1);
    expect(voice.session).toBe(world.session.raw);
  });

  test('does nothing while not connected', () => {
    const { voice } = make();
    voice.sendText('Hello');
    voice.sendAudio(new ArrayBuffer(4));
    voice.interrupt();
    expect(voice.session).toBeNull();
  });
});

describe('reports', () => {
  test('tell the backend how long connecting took, and by what', async () => {
    const { world, voice } = make();
    world.opening = async () => {
      await new Promise<void>((resolve) => {
        world.setTimer(resolve, 300);
      });
    };
    const connecting = voice.connect();
    await world.pass(300);
    await connecting;
    await world.pass(2_000);
    expect(world.bodies('/analytics/events')).toEqual([
      {
        events: [
          {
            id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
            type: 'connection_successful',
            sessionId: 'sess_fake',
            durationMs: 300,
            transport: 'webrtc',
          },
        ],
      },
    ]);
    expect(world.requests.at(-1)?.keepalive).toBe(true);
  });

  test('tell errors by their codes, in the catalogue’s words', async () => {
    const { world, voice } = await connected();
    world.session.end('my secret');
    await world.pass(0);
    expect(JSON.stringify(world.requests)).not.toContain('my secret');
    expect(world.bodies('/analytics/events')).toEqual([
      {
        events: [
          expect.objectContaining({ type: 'connection_successful' }),
          {
            id: expect.any(String) as string,
            type: 'error_occurred',
            sessionId: 'sess_fake',
            errorCode: 'session_ended',
            errorMessage: 'The server ended the call',
          },
        ],
      },
    ]);
    expect(voice.connectionState.status).toBe('failed');
  });

  test('are sent when the page is left', async () => {
    const { world } = await connected();
    world.emit('pagehide');
    await world.pass(0);
    expect(world.bodies('/analytics/events')).toHaveLength(1);
  });

  test('can be switched off', async () => {
    const { world, voice } = await connected({ analytics: false });
    await voice.disconnect();
    await world.pass(10_000);
    expect(world.bodies('/analytics/events')).toEqual([]);
  });
});

function say(world: FakePlatform, role: 'user' | 'assistant', id: string, text: string): void {
  const type =
    role === 'user'
      ? 'conversation.item.input_audio_transcription.completed'
      : 'response.output_audio_transcript.done';
  world.session.tell({ type, item_id: id, transcript: text });
}

function onceThen<T>(first: () => T, later: () => T): () => T {
  let called = false;
  return () => {
    if (called) return later();
    called = true;
    return first();
  };
}
