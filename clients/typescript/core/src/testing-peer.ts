/**
 * A peer connection for tests: no network, no sound, no time. A test is the other end of it.
 *
 * It has what the official transport and `PeerSession` use of a browser's, and no more.
 *
 * @module
 */

type Listener = (event: object) => void;

class FakeTarget {
  readonly #listeners = new Map<string, Set<Listener>>();

  /** Listen, as to any target of events. */
  addEventListener(type: string, listener: Listener): void {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners.add(listener));
  }

  /** Listen no longer. */
  removeEventListener(type: string, listener: Listener): void {
    this.#listeners.get(type)?.delete(listener);
  }

  /** An event happens here. */
  tell(type: string, event: object = {}): void {
    for (const listener of [...(this.#listeners.get(type) ?? [])]) listener(event);
  }

  /** How many listen. */
  get listening(): number {
    return [...this.#listeners.values()].reduce((sum, { size }) => sum + size, 0);
  }
}

/** A track of sound that a test can take away. */
export class FakeTrack extends FakeTarget {
  enabled = true;
  readyState = 'live';

  /** The client lets go of it. */
  stop(): void {
    this.readyState = 'ended';
  }

  /** Its device goes away. */
  lose(): void {
    this.stop();
    this.tell('ended');
  }
}

/** The channel of events. It opens when a test says so. */
export class FakeDataChannel extends FakeTarget {
  readyState = 'connecting';
  /** What the client sent, parsed. */
  readonly sent: { readonly type: string; readonly session?: unknown }[] = [];

  /** It opens, and the server says who it is. */
  open(): void {
    this.openSilently();
    this.say({ type: 'session.created', session: { id: 'sess_1' } });
  }

  /** It opens, and the server says nothing. */
  openSilently(): void {
    this.readyState = 'open';
    this.tell('open');
  }

  /** The server sends an event. */
  say(event: object): void {
    this.tell('message', { data: JSON.stringify(event) });
  }

  /** What is configured is acknowledged; everything else is only kept. */
  send(text: string): void {
    const event = JSON.parse(text) as { type: string };
    this.sent.push(event);
    if (event.type !== 'session.update') return;
    void Promise.resolve().then(() => {
      this.say({ type: 'session.updated', session: {} });
    });
  }

  /** The client closes it, of which it is not told. */
  close(): void {
    this.readyState = 'closed';
  }

  /** The server closes it. */
  hangUp(): void {
    this.close();
    this.tell('close');
  }
}

/** The part of a sender that is used. */
export interface FakeSender {
  track: FakeTrack | null;
  /** Send another track's sound, unless the connection is closed. */
  replaceTrack(track: FakeTrack | null): Promise<void>;
}

/**
 * A peer connection that a test is the network of. It says nothing by itself: set `answered` to have it do so.
 *
 * @example
 * ```ts
 * vi.stubGlobal('RTCPeerConnection', class extends FakePeerConnection {
 *   override answered(): void {
 *     this.connect();
 *   }
 * });
 * ```
 */
export class FakePeerConnection extends FakeTarget {
  connectionState = 'new';
  /** Called when `connectionState` changes. */
  onconnectionstatechange: (() => void) | null = null;
  /** Called when the other side sends sound. */
  ontrack: ((event: object) => void) | null = null;
  readonly channel = new FakeDataChannel();
  readonly senders: FakeSender[] = [];
  /** What was done with it, in its order: `track`, `offer`, `local`, `remote`, `close`. */
  readonly steps: string[] = [];
  /** The answers that it was given. */
  readonly answers: string[] = [];

  /** Called when it has an answer. */
  answered(): void {
    // The test goes on from here.
  }

  /** The path is found: the channel opens. */
  connect(): void {
    this.become('connected');
    this.channel.open();
  }

  /** Its state changes. */
  become(state: string): void {
    this.connectionState = state;
    this.onconnectionstatechange?.();
    this.tell('connectionstatechange');
  }

  /** The one channel there is. */
  createDataChannel(): FakeDataChannel {
    return this.channel;
  }

  /** One for each track that was added. */
  getSenders(): FakeSender[] {
    return this.senders;
  }

  /** Send a track's sound. */
  addTrack(track: FakeTrack): void {
    this.steps.push('track');
    const sender: FakeSender = {
      track,
      replaceTrack: (next) => {
        if (this.connectionState === 'closed') return Promise.reject(new Error('It is closed.'));
        sender.track = next;
        return Promise.resolve();
      },
    };
    this.senders.push(sender);
  }

  /** An offer that says nothing. */
  createOffer(): Promise<object> {
    this.steps.push('offer');
    return Promise.resolve({ type: 'offer', sdp: 'v=0 offer' });
  }

  /** Noted in `steps`. */
  setLocalDescription(): Promise<void> {
    this.steps.push('local');
    return Promise.resolve();
  }

  /** Kept in `answers`; then it is `answered`. */
  setRemoteDescription({ sdp }: { sdp: string }): Promise<void> {
    this.steps.push('remote');
    this.answers.push(sdp);
    void Promise.resolve().then(() => {
      if (this.connectionState !== 'closed') this.answered();
    });
    return Promise.resolve();
  }

  /** The client closes it. */
  close(): void {
    this.steps.push('close');
    this.connectionState = 'closed';
  }
}
