/** What an application does with a conversation: end it, watch it, speak in it, hear of it. */

import { describe, expect, test, vi } from 'vitest';
import type { VoiceConnection, VoiceEvent } from '../../../src/index.ts';
import type { FakePlatform } from '../../../src/testing.ts';
import { NOTHING, connected, make, say } from './world.ts';

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
