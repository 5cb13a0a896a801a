/** What a conversation survives, and what ends it. */

import { describe, expect, test } from 'vitest';
import { MicrophoneProblem, SessionProblem, VoiceConnection } from '../../../src/index.ts';
import type { VoiceEvent } from '../../../src/index.ts';
import { BACKEND, NOTHING, connected, failure, make, say } from './world.ts';

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
  test('that is pulled out while a session is being made is replaced in that session', async () => {
    const { world, voice } = make();
    const makeSession = world.createSession.bind(world);
    world.createSession = async (request, observer) => {
      // The session's code is loaded when it is needed, and that may take a while.
      await world.pass(100);
      world.microphone.unplug();
      await world.pass(100);
      return makeSession(request, observer);
    };
    await voice.connect();
    expect(world.microphones).toHaveLength(2);
    expect(world.session.microphone).toBe(world.microphone);
    await voice.disconnect();
    expect(world.held).toEqual(NOTHING);
  });

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
