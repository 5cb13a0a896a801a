/** What the page offers to the tests: the client, and a count of all that a conversation takes of the browser. */

import * as client from '@limi-ai/client';

/** Objects of the browser that have to be given back. */
const taken = {
  connections: new Set<RTCPeerConnection>(),
  sockets: new Set<WebSocket>(),
  tracks: new Set<MediaStreamTrack>(),
  contexts: new Set<AudioContext>(),
  timers: new Set<number>(),
};

function watch(): void {
  const Connection = globalThis.RTCPeerConnection as typeof RTCPeerConnection | undefined;
  if (Connection !== undefined) {
    globalThis.RTCPeerConnection = class extends Connection {
      constructor(configuration?: RTCConfiguration) {
        super(configuration);
        taken.connections.add(this);
      }
    };
  }
  globalThis.WebSocket = class extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      taken.sockets.add(this);
    }
  };
  globalThis.AudioContext = class extends AudioContext {
    constructor(options?: AudioContextOptions) {
      super(options);
      taken.contexts.add(this);
    }
  };
  const devices = navigator.mediaDevices;
  const ask = devices.getUserMedia.bind(devices);
  devices.getUserMedia = async (constraints) => {
    const stream = await ask(constraints);
    for (const track of stream.getTracks()) taken.tracks.add(track);
    return stream;
  };
  watchTimers('setTimeout', 'clearTimeout');
  watchTimers('setInterval', 'clearInterval');
}

function watchTimers(start: 'setTimeout' | 'setInterval', stop: 'clearTimeout' | 'clearInterval'): void {
  const begin = globalThis[start] as (callback: () => void, delayMs?: number) => number;
  const end = globalThis[stop] as (timer?: number) => void;
  const watched = (
    callback: (...given: unknown[]) => void,
    delayMs?: number,
    ...given: unknown[]
  ): number => {
    const timer = begin(() => {
      if (start === 'setTimeout') taken.timers.delete(timer);
      callback(...given);
    }, delayMs);
    taken.timers.add(timer);
    return timer;
  };
  const forgotten = (timer?: number): void => {
    if (timer !== undefined) taken.timers.delete(timer);
    end(timer);
  };
  Object.assign(globalThis, { [start]: watched, [stop]: forgotten });
}

/** What is still in use. */
function left(): Record<keyof typeof taken, number> {
  const count = <T>(all: Set<T>, used: (one: T) => boolean): number => [...all].filter(used).length;
  return {
    connections: count(taken.connections, ({ connectionState }) => connectionState !== 'closed'),
    sockets: count(taken.sockets, ({ readyState }) => readyState < WebSocket.CLOSING),
    tracks: count(taken.tracks, ({ readyState }) => readyState === 'live'),
    contexts: count(taken.contexts, ({ state }) => state !== 'closed'),
    timers: taken.timers.size,
  };
}

export interface Offered {
  readonly client: typeof client;
  readonly left: typeof left;
  readonly taken: typeof taken;
  voice: client.VoiceConnection | null;
  readonly events: client.VoiceEvent[];
  readonly states: client.VoiceState[];
}

declare global {
  var limi: Offered;
}

watch();
globalThis.limi = { client, left, taken, voice: null, events: [], states: [] };
