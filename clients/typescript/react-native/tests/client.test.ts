import { beforeEach, describe, expect, test, vi } from 'vitest';
import { LimiAIMobileClient } from '../src/index.ts';
import type { MobileOptions } from '../src/index.ts';
import { network } from './doubles/react-native-webrtc.ts';
import { phone } from './doubles/react-native.ts';
import { BACKEND, World } from './world.ts';

let world: World;

beforeEach(() => {
  world = new World();
});

/** Waits as telephones do, only shorter. */
const QUICK: MobileOptions = { reconnect: { delaysMs: [1] }, maxRetries: 0 };
const converse = (options: MobileOptions = {}) =>
  new LimiAIMobileClient(BACKEND, { ...QUICK, ...options }).createVoiceSession('gpt-realtime-2.1');

describe('a key', () => {
  test('is minted for a model, in this package’s name', async () => {
    const client = new LimiAIMobileClient(BACKEND, { apiKey: 'limi_live_1', profile: 'shop' });
    expect(await client.getEphemeralKey('gpt-realtime-2.1')).toMatchObject({ ephemeralKey: 'ek_1' });
    const [mint] = world.of('/api/client-secret');
    expect(JSON.parse(mint?.body ?? '')).toEqual({ model: 'gpt-realtime-2.1', profile: 'shop' });
    expect(mint?.headers.get('X-Limi-Client')).toBe('react-native/1.0.0');
    expect(mint?.headers.get('Authorization')).toBe('Bearer limi_live_1');
  });

  test('is asked for once, by an identifier that needs no crypto', async () => {
    vi.stubGlobal('crypto', undefined);
    await new LimiAIMobileClient(BACKEND).getEphemeralKey();
    expect(world.of('/api/client-secret')[0]?.headers.get('Idempotency-Key')).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });
});

describe('a conversation', () => {
  test('connects by WebRTC, speaks, and leaves nothing behind', async () => {
    const voice = converse();
    await voice.connect();
    expect(voice.getSnapshot()).toMatchObject({ state: { status: 'connected' }, transport: 'webrtc' });
    expect(world.of('/v1/realtime/calls')).toMatchObject([{ body: 'v=0 offer' }]);
    expect(world.of('/v1/realtime/calls')[0]?.headers.get('Authorization')).toBe('Bearer ek_1');
    expect(world.connection.senders[0]?.track).toBe(world.stream.track);
    world.connection.channel.say({
      type: 'response.output_audio_transcript.done',
      event_id: 'event_1',
      response_id: 'resp_1',
      item_id: 'item_1',
      output_index: 0,
      content_index: 0,
      transcript: 'Good day!',
    });
    expect(voice.getSnapshot().transcript).toMatchObject([{ role: 'assistant', text: 'Good day!' }]);
    await voice.disconnect();
    world.expectNothingHeld();
  });

  test('leaves model, voice and instructions to the profile', async () => {
    const voice = converse();
    await voice.connect();
    const [update] = world.connection.channel.sent;
    expect(update).toMatchObject({ type: 'session.update', session: { type: 'realtime' } });
    expect(JSON.stringify(update)).not.toContain('voice');
    await voice.disconnect();
  });

  test('gets a lost connection back with a fresh key', async () => {
    const voice = converse();
    await voice.connect();
    const first = world.connection;
    first.become('failed');
    expect(voice.connectionState).toMatchObject({ status: 'connecting', attempt: 1 });
    await voice.connect();
    expect(voice.connectionState.status).toBe('connected');
    expect(world.connection).not.toBe(first);
    expect(world.of('/v1/realtime/calls')[1]?.headers.get('Authorization')).toBe('Bearer ek_2');
    await voice.disconnect();
    world.expectNothingHeld();
  });

  test('whose path is bad for a moment goes on', async () => {
    const phases: string[] = [];
    const voice = converse({ onEvent: (event) => event.type === 'phase' && phases.push(event.phase) });
    await voice.connect();
    world.connection.become('disconnected');
    world.connection.become('connected');
    expect(phases.slice(-3)).toEqual(['live', 'unsteady', 'live']);
    expect(voice.connectionState).toMatchObject({ status: 'connected' });
    await voice.disconnect();
    world.expectNothingHeld();
    expect(world.connection.listening).toBe(0);
  });

  test('that the server hangs up is begun again at once', async () => {
    const voice = converse();
    await voice.connect();
    world.connection.channel.hangUp();
    expect(voice.connectionState).toMatchObject({ status: 'connecting', attempt: 1 });
    await voice.disconnect();
    world.expectNothingHeld();
  });

  test('that the server ends says why, and is over', async () => {
    const voice = converse();
    await voice.connect();
    world.connection.channel.say({
      type: 'error',
      event_id: 'event_1',
      error: { type: 'server_error', code: 'session_ended', message: 'The budget is used up' },
    });
    expect(voice.connectionState).toMatchObject({
      status: 'failed',
      error: { code: 'session_ended', reason: 'The budget is used up', final: true },
    });
    await voice.disconnect();
    world.expectNothingHeld();
  });

  test('never hands an error to the peer connection as an answer', async () => {
    world.answer = () => Response.json({ error: { message: 'no' } }, { status: 200 });
    const voice = converse({ reconnect: { maxAttempts: 0 } });
    await expect(voice.connect()).rejects.toMatchObject({ code: 'webrtc_connection_failed' });
    expect(network.answers).toEqual([]);
    world.expectNothingHeld();
  });

  test('does not fall back to a transport without sound', async () => {
    world.answer = () => new Response('no', { status: 500 });
    const voice = converse({ reconnect: { maxAttempts: 0 } });
    await expect(voice.connect()).rejects.toMatchObject({ code: 'webrtc_connection_failed' });
    expect(voice.getSnapshot().transport).toBeNull();
    world.expectNothingHeld();
  });

  test('says so where URL is React Native’s own, which changes addresses', async () => {
    const { URL: Real } = globalThis;
    vi.stubGlobal(
      'URL',
      class extends Real {
        override get href(): string {
          return `${super.href}/`;
        }
      },
    );
    const voice = converse({ reconnect: { maxAttempts: 0 } });
    const error = await voice.connect().catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      cause: { cause: { message: expect.stringContaining('polyfill') as string } },
    });
    world.expectNothingHeld();
  });

  test('can be called off at any moment', async () => {
    for (let turns = 0; turns < 40; turns += 1) {
      world = new World();
      const voice = converse();
      const connecting = voice.connect();
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      await voice.disconnect();
      await connecting;
      await new Promise((resolve) => setTimeout(resolve));
      world.expectNothingHeld();
    }
  });
});

describe('the microphone', () => {
  test('is asked for by the application on Android', async () => {
    phone.system = 'android';
    const voice = converse();
    await voice.connect();
    expect(phone.asked).toEqual(['android.permission.RECORD_AUDIO']);
    await voice.disconnect();
  });

  test('is asked for by the system on iOS', async () => {
    const voice = converse();
    await voice.connect();
    expect(phone.asked).toEqual([]);
    await voice.disconnect();
  });

  test.each(['denied', 'never_ask_again'])('may be refused on Android: %s', async (answer) => {
    phone.system = 'android';
    phone.permission = answer;
    await expect(converse().connect()).rejects.toMatchObject({ code: 'microphone_denied', final: true });
    expect(network.streams).toEqual([]);
    expect(world.of('/api/client-secret')).toEqual([]);
    world.expectNothingHeld();
  });

  test('may be refused on iOS, which is told by something that is no Error', async () => {
    network.microphoneProblem = { name: 'SecurityError', message: 'Permission denied.' };
    await expect(converse().connect()).rejects.toMatchObject({ code: 'microphone_denied' });
    world.expectNothingHeld();
  });

  test('may be missing, which is told by something that is no Error either', async () => {
    network.microphoneProblem = { name: 'NotFoundError', message: 'There is none.' };
    const voice = converse();
    await expect(voice.connect()).rejects.toMatchObject({ code: 'microphone_missing' });
    world.expectNothingHeld();
  });

  test('that is gone for good is stood in for by a muted one when the connection is got back', async () => {
    const voice = converse();
    await voice.connect();
    network.microphoneProblem = { name: 'NotFoundError', message: 'There is none.' };
    world.stream.track.lose();
    await vi.waitFor(() => {
      expect(voice.connectionState).toMatchObject({
        status: 'connected',
        error: { code: 'microphone_missing' },
      });
    });
    network.microphoneProblem = null;
    world.connection.become('failed');
    await voice.connect();
    expect(voice.connectionState.status).toBe('connected');
    expect(network.streams).toHaveLength(2);
    expect(world.stream.track.enabled).toBe(false);
    await voice.disconnect();
    world.expectNothingHeld();
  });

  test('is muted and heard again', async () => {
    const voice = converse();
    await voice.connect();
    voice.mute(true);
    expect(world.stream.track.enabled).toBe(false);
    voice.mute(false);
    expect(world.stream.track.enabled).toBe(true);
    await voice.disconnect();
  });

  test('that the system takes away is replaced', async () => {
    const voice = converse();
    await voice.connect();
    const [first] = network.streams;
    first?.track.lose();
    await vi.waitFor(() => {
      expect(network.streams).toHaveLength(2);
      expect(world.connection.senders[0]?.track).toBe(world.stream.track);
    });
    expect(voice.connectionState.status).toBe('connected');
    await voice.disconnect();
    world.expectNothingHeld();
  });
});

describe('levels', () => {
  test('come from the connection’s statistics, asked one at a time', async () => {
    const voice = converse();
    await voice.connect();
    expect(voice.levels()).toEqual({ input: 0, output: 0 });
    world.connection.stats = [
      ['a', { type: 'media-source', kind: 'audio', audioLevel: 1 }],
      ['b', { type: 'inbound-rtp', kind: 'audio', audioLevel: 0.1 }],
      ['c', { type: 'inbound-rtp', kind: 'video' }],
    ];
    await vi.waitFor(() => {
      expect(voice.levels()).toEqual({ input: 1, output: expect.closeTo(0.667, 2) as number });
    });
    const { statsAsked } = world.connection;
    voice.levels();
    voice.levels();
    expect(world.connection.statsAsked).toBeLessThanOrEqual(statsAsked + 1);
    await voice.disconnect();
    expect(voice.levels()).toEqual({ input: 0, output: 0 });
  });
});
