/** A backend and an upstream, behind `fetch`. */
import { expect, vi } from 'vitest';
import { network } from './doubles/react-native-webrtc.ts';
import { phone } from './doubles/react-native.ts';

export const BACKEND = 'http://limi.test/api';

export interface Seen {
  readonly url: string;
  readonly headers: Headers;
  readonly body: string;
}

export class World {
  readonly requests: Seen[] = [];
  /** What upstream answers to an offer. */
  answer: () => Response = () => new Response('v=0 answer', { status: 201 });
  #keys = 0;

  constructor() {
    phone.reset();
    network.reset();
    Reflect.deleteProperty(globalThis, 'RTCPeerConnection');
    vi.stubGlobal('fetch', (input: URL | string, init: RequestInit = {}) => {
      const url = String(input);
      this.requests.push({ url, headers: new Headers(init.headers), body: init.body as string });
      return Promise.resolve(this.#answerTo(url));
    });
  }

  of(path: string): Seen[] {
    return this.requests.filter(({ url }) => url === `http://limi.test${path}`);
  }

  get connection() {
    const connection = network.connections.at(-1);
    if (connection === undefined) throw new Error('There is none yet.');
    return connection;
  }

  get stream() {
    const stream = network.streams.at(-1);
    if (stream === undefined) throw new Error('There is none yet.');
    return stream;
  }

  /** After a conversation nothing of the telephone is held. */
  expectNothingHeld(): void {
    expect(phone.appListeners.size).toBe(0);
    for (const { connectionState, channel, senders } of network.connections) {
      expect(connectionState).toBe('closed');
      expect(channel.readyState).toBe('closed');
      for (const { track } of senders) expect(track?.readyState ?? 'ended').toBe('ended');
    }
    for (const { track, released } of network.streams) {
      expect([track.readyState, track.listening, released]).toEqual(['ended', 0, true]);
    }
  }

  #answerTo(url: string): Response {
    if (url.endsWith('/realtime/calls')) return this.answer();
    if (!url.endsWith('/client-secret')) return Response.json({ accepted: 1 }, { status: 202 });
    this.#keys += 1;
    return Response.json({
      ephemeralKey: `ek_${String(this.#keys)}`,
      expiresAt: Math.floor(Date.now() / 1000) + 600,
      sessionId: 'sess_1',
      model: 'gpt-realtime-2.1',
      requestId: 'req_1',
      urls: {
        webrtc: 'http://limi.test/v1/realtime/calls',
        websocket: 'ws://limi.test/v1/realtime',
      },
      mode: 'direct',
    });
  }
}
