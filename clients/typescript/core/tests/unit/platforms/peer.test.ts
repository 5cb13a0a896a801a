/** A session by WebRTC: the order of its steps, and everything that may come in between. */

import * as sdk from '@openai/agents-realtime';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Microphone, ServerEvent, SessionObserver } from '../../../src/platform.ts';
import { PeerSession } from '../../../src/platforms/peer.ts';
import type { PeerSound } from '../../../src/platforms/peer.ts';
import { FakeMicrophone, FakePeerConnection, FakeTrack } from '../../../src/testing.ts';

/** A microphone whose track can be looked at. */
class Mic extends FakeMicrophone {
  readonly track = new FakeTrack();
}

class Sound implements PeerSound {
  readonly stream: MediaStream;
  readonly element = {} as HTMLAudioElement;
  begun = 0;
  closed = 0;

  constructor(mic: Mic) {
    this.stream = { getAudioTracks: () => [mic.track] } as unknown as MediaStream;
  }

  begin(): void {
    this.begun += 1;
  }

  trackOf(microphone: Microphone): MediaStreamTrack | undefined {
    return microphone instanceof Mic ? (microphone.track as unknown as MediaStreamTrack) : undefined;
  }

  level(): number {
    return 0.5;
  }

  close(): void {
    this.closed += 1;
  }
}

class Heard implements SessionObserver {
  readonly events: string[] = [];
  readonly told: string[] = [];
  onServerEvent = ({ type }: ServerEvent): void => void this.events.push(type);
  onUnsteady = (unsteady: boolean): void => void this.told.push(unsteady ? 'unsteady' : 'steady');
  onClosed = (): void => void this.told.push('closed');
  onInterrupted = (): void => void this.told.push('interrupted');
}

/** The connections that were made, and how upstream answers an offer. */
let connections: FakePeerConnection[];
let answer: () => Promise<Response>;
/** Whether a path is found as soon as there is an answer. */
let found: boolean;

beforeEach(() => {
  connections = [];
  answer = () => Promise.resolve(new Response('v=0 answer', { status: 201 }));
  found = true;
  vi.stubGlobal(
    'RTCPeerConnection',
    class extends FakePeerConnection {
      constructor() {
        super();
        connections.push(this);
      }

      override answered(): void {
        if (found) this.connect();
      }
    },
  );
  vi.stubGlobal('fetch', () => answer());
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function make(): { session: PeerSession; sound: Sound; heard: Heard; mic: Mic } {
  const mic = new Mic();
  const [sound, heard] = [new Sound(mic), new Heard()];
  const request = {
    transport: 'webrtc',
    key: 'ek_1',
    url: 'http://limi.test/v1/realtime/calls',
    model: 'gpt-realtime-2.1',
    microphone: mic,
  } as const;
  return { session: new PeerSession(sdk, request, heard, sound), sound, heard, mic };
}

async function opened(): Promise<ReturnType<typeof make> & { connection: FakePeerConnection }> {
  const made = make();
  await made.session.open();
  return { ...made, connection: connection() };
}

function connection(): FakePeerConnection {
  const [made] = connections;
  if (made === undefined) throw new Error('There is none yet.');
  return made;
}

/** Everything that was asked for is given back, and nobody listens any more. */
function expectNothingHeld(): void {
  for (const { connectionState, listening, channel } of connections) {
    expect([connectionState, listening, channel.readyState]).toEqual(['closed', 0, 'closed']);
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

describe('opening', () => {
  test('sends the microphone’s track, offers, takes the answer, and waits for the server’s greeting', async () => {
    found = false;
    const { session, sound, heard, mic } = make();
    let isOpen = false;
    const opening = session.open().then(() => {
      isOpen = true;
    });
    await turn();
    expect(sound.begun).toBe(1);
    expect(connection().steps).toEqual(['track', 'offer', 'local', 'remote']);
    expect(connection().senders[0]?.track).toBe(mic.track);
    expect(connection().answers).toEqual(['v=0 answer']);
    connection().become('connected');
    connection().channel.openSilently();
    await turn();
    expect(isOpen).toBe(false);
    connection().channel.say({ type: 'session.created', session: { id: 'sess_1' } });
    await opening;
    expect(heard.events).toEqual(['session.updated', 'session.created']);
    session.close();
    expectNothingHeld();
  });

  test('waits for a channel that opens late', async () => {
    found = false;
    const { session } = make();
    const opening = session.open();
    await turn();
    connection().become('connected');
    await turn();
    connection().channel.open();
    await opening;
    session.sendText('Hello');
    expect(connection().channel.sent.map(({ type }) => type)).toEqual([
      'session.update',
      'conversation.item.create',
      'response.create',
    ]);
    session.close();
    expectNothingHeld();
  });

  test('never hands on an answer that is no SDP', async () => {
    answer = () => Promise.resolve(Response.json({ error: { message: 'no' } }));
    const { session, sound } = make();
    await expect(session.open()).rejects.toMatchObject({ code: 'webrtc_connection_failed' });
    expect(connection().answers).toEqual([]);
    expect(sound.closed).toBe(1);
    expectNothingHeld();
  });

  test.each([
    ['that the key is no good', () => Promise.resolve(new Response('', { status: 401 })), 'token_expired'],
    ['something else', () => Promise.resolve(new Response('', { status: 500 })), 'webrtc_connection_failed'],
    ['nothing', () => Promise.reject(new TypeError('Failed to fetch')), 'network_error'],
  ])('tells apart a server that says %s', async (_says, given, code) => {
    answer = given;
    const { session } = make();
    await expect(session.open()).rejects.toMatchObject({ code });
    expectNothingHeld();
  });

  test('fails when no path is found', async () => {
    found = false;
    const { session, heard } = make();
    const opening = session.open();
    await turn();
    connection().become('failed');
    await expect(opening).rejects.toMatchObject({ code: 'webrtc_connection_failed' });
    expect(heard.told).not.toContain('closed');
    expectNothingHeld();
  });

  test('fails at once when the server hangs up without a greeting', async () => {
    found = false;
    const { session, heard } = make();
    const opening = session.open();
    await turn();
    connection().become('connected');
    connection().channel.openSilently();
    await turn();
    connection().channel.hangUp();
    await expect(opening).rejects.toMatchObject({ code: 'network_error' });
    expect(heard.told).not.toContain('closed');
    expectNothingHeld();
  });

  test('can be called off at any moment, and then holds nothing', async () => {
    for (let turns = 0; turns < 40; turns += 1) {
      connections = [];
      const { session, sound, heard } = make();
      const opening = session.open().catch(() => undefined);
      for (let n = 0; n < turns; n += 1) await Promise.resolve();
      session.close();
      await opening;
      await turn();
      expect([session.isOver, sound.closed]).toEqual([true, 1]);
      expect(heard.told).not.toContain('closed');
      expectNothingHeld();
    }
  });

  test('does nothing once it was closed', async () => {
    const { session, sound } = make();
    session.close();
    await expect(session.open()).rejects.toMatchObject({ code: 'network_error' });
    expect([connections, sound.begun]).toEqual([[], 0]);
  });
});

describe('a path', () => {
  test('that is bad for a moment is told, and that it is good again', async () => {
    const { connection, heard, session } = await opened();
    heard.told.length = 0;
    connection.become('disconnected');
    connection.become('connected');
    expect(heard.told).toEqual(['unsteady', 'steady']);
    session.close();
    expectNothingHeld();
  });

  test('that fails is the end, told once', async () => {
    const { connection, heard, session, sound } = await opened();
    connection.become('failed');
    connection.channel.tell('close');
    session.close();
    expect(heard.told.filter((word) => word === 'closed')).toHaveLength(1);
    expect(sound.closed).toBe(1);
    expectNothingHeld();
  });

  test('that stays bad is given up by the official transport after five seconds', async () => {
    const { connection, heard } = await opened();
    vi.useFakeTimers();
    connection.become('disconnected');
    await vi.advanceTimersByTimeAsync(5_000);
    expect(heard.told.at(-1)).toBe('closed');
    expectNothingHeld();
  });
});

describe('the end', () => {
  test('by the server is noticed by the channel, before the connection knows', async () => {
    const { connection, heard } = await opened();
    connection.channel.hangUp();
    expect(heard.told.at(-1)).toBe('closed');
    expectNothingHeld();
  });

  test('twice is the end once, and is told to nobody', async () => {
    const { heard, session, sound } = await opened();
    session.close();
    session.close();
    expect(heard.told).not.toContain('closed');
    expect(sound.closed).toBe(1);
    expectNothingHeld();
  });

  test('leaves nothing that could still be said or heard', async () => {
    const { connection, heard, session } = await opened();
    const { sent } = connection.channel;
    const [said, told] = [sent.length, heard.events.length];
    session.close();
    session.sendText('Hello?');
    session.interrupt();
    session.restore([{ id: 'item_1', role: 'user', text: 'Hello' }]);
    connection.channel.say({ type: 'response.created' });
    connection.become('disconnected');
    expect([sent.length, heard.events.length, heard.told.includes('unsteady')]).toEqual([said, told, false]);
  });
});

describe('another microphone', () => {
  test('is spoken into at once', async () => {
    const { connection, session } = await opened();
    const other = new Mic();
    session.replaceMicrophone(other);
    expect(connection.senders[0]?.track).toBe(other.track);
    session.close();
  });

  test('that comes before there is a connection is the one that is used', async () => {
    const { session } = make();
    const other = new Mic();
    const opening = session.open();
    session.replaceMicrophone(other);
    await opening;
    expect(connection().senders[0]?.track).toBe(other.track);
    session.close();
  });

  test('of another platform is no use', async () => {
    const { connection, mic, session } = await opened();
    session.replaceMicrophone(new FakeMicrophone());
    expect(connection.senders[0]?.track).toBe(mic.track);
    session.close();
  });

  test('on a connection that closes at this moment fails unheard', async () => {
    const { connection, session } = await opened();
    connection.connectionState = 'closed';
    session.replaceMicrophone(new Mic());
    await turn();
    session.close();
  });
});

test('the assistant’s loudness is the sound’s', async () => {
  const { session } = await opened();
  expect(session.outputLevel()).toBe(0.5);
  session.close();
});
