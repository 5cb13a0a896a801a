/** react-native-webrtc as far as this package and the official transport use it, with a test at the other end. */
import type * as native from 'react-native-webrtc';

type Listener = (event: object) => void;

class Target {
  readonly #listeners = new Map<string, Set<Listener>>();

  addEventListener(type: string, listener: Listener): void {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners.add(listener));
  }

  removeEventListener(type: string, listener: Listener): void {
    this.#listeners.get(type)?.delete(listener);
  }

  tell(type: string, event: object = {}): void {
    for (const listener of [...(this.#listeners.get(type) ?? [])]) listener(event);
  }

  get listening(): number {
    return [...this.#listeners.values()].reduce((sum, { size }) => sum + size, 0);
  }
}

export class Track extends Target {
  enabled = true;
  readyState = 'live';

  stop(): void {
    this.readyState = 'ended';
  }

  /** The system takes the microphone away. */
  lose(): void {
    this.readyState = 'ended';
    this.tell('ended');
  }
}

export class Stream implements native.MediaStream {
  readonly track = new Track();
  released = false;
  getAudioTracks = (): Track[] => [this.track];
  getTracks = (): Track[] => [this.track];

  release(): void {
    this.released = true;
  }
}

export class Channel extends Target {
  readyState = 'connecting';
  readonly sent: { readonly type: string; readonly session?: unknown }[] = [];
  #open = true;

  open(): void {
    this.readyState = 'open';
    this.tell('open');
    this.say({ type: 'session.created', session: { id: 'sess_1' } });
  }

  say(event: object): void {
    this.tell('message', { data: JSON.stringify(event) });
  }

  send(text: string): void {
    const event = JSON.parse(text) as { type: string };
    this.sent.push(event);
    if (event.type !== 'session.update') return;
    queueMicrotask(() => {
      this.say({ type: 'session.updated', session: {} });
    });
  }

  close(): void {
    if (this.#open) this.readyState = 'closed';
    this.#open = false;
  }

  /** The other end closes it. */
  hangUp(): void {
    this.close();
    this.tell('close');
  }
}

export class Connection extends Target {
  connectionState = 'new';
  readonly channel = new Channel();
  readonly senders: { track: Track | null; replaceTrack(track: Track | null): Promise<void> }[] = [];
  stats: [string, object][] = [];
  statsAsked = 0;
  onconnectionstatechange: (() => void) | null = null;
  ontrack: ((event: object) => void) | null = null;

  constructor() {
    super();
    network.connections.push(this);
  }

  createDataChannel = (): Channel => this.channel;
  getSenders = (): Connection['senders'] => this.senders;
  createOffer = (): Promise<object> => Promise.resolve({ type: 'offer', sdp: 'v=0 offer' });
  setLocalDescription = (): Promise<void> => Promise.resolve();

  getStats(): Promise<ReadonlyMap<string, object>> {
    this.statsAsked += 1;
    return Promise.resolve(new Map(this.stats));
  }

  addTrack(track: Track): void {
    const sender: Connection['senders'][number] = {
      track,
      replaceTrack: (next) => {
        sender.track = next;
        return Promise.resolve();
      },
    };
    this.senders.push(sender);
  }

  setRemoteDescription({ sdp }: { sdp: string }): Promise<void> {
    network.answers.push(sdp);
    this.become('connected');
    queueMicrotask(() => {
      this.channel.open();
      this.ontrack?.({ streams: [new Stream()] });
    });
    return Promise.resolve();
  }

  become(state: string): void {
    this.connectionState = state;
    this.onconnectionstatechange?.();
    this.tell('connectionstatechange');
  }

  close(): void {
    this.connectionState = 'closed';
  }
}

/** What the test decides, and what it may look at. */
export const network = {
  connections: [] as Connection[],
  streams: [] as Stream[],
  answers: [] as string[],
  /** What `getUserMedia` rejects with; it is no `Error`, as with the real one. */
  microphoneProblem: null as { readonly name: string; readonly message: string } | null,
  reset(): void {
    Object.assign(network, { connections: [], streams: [], answers: [], microphoneProblem: null });
  },
};

export const mediaDevices: typeof native.mediaDevices = {
  getUserMedia: () => {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- see above
    if (network.microphoneProblem !== null) return Promise.reject(network.microphoneProblem);
    const stream = new Stream();
    network.streams.push(stream);
    return Promise.resolve(stream);
  },
};

export { Connection as RTCPeerConnection };
