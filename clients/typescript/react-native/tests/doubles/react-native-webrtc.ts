/** react-native-webrtc as far as this package and the official transport use it, with a test at the other end. */
import { FakePeerConnection, FakeTrack } from '@limi-ai/client/testing';
import type * as native from 'react-native-webrtc';

export class Stream implements native.MediaStream {
  readonly track = new FakeTrack();
  released = false;
  getAudioTracks = (): FakeTrack[] => [this.track];
  getTracks = (): FakeTrack[] => [this.track];

  release(): void {
    this.released = true;
  }
}

export class Connection extends FakePeerConnection {
  stats: [string, object][] = [];
  statsAsked = 0;

  constructor() {
    super();
    network.connections.push(this);
  }

  getStats(): Promise<ReadonlyMap<string, object>> {
    this.statsAsked += 1;
    return Promise.resolve(new Map(this.stats));
  }

  override answered(): void {
    this.connect();
    this.ontrack?.({ streams: [new Stream()] });
  }
}

/** What the test decides, and what it may look at. */
export const network = {
  connections: [] as Connection[],
  streams: [] as Stream[],
  get answers(): string[] {
    return network.connections.flatMap(({ answers }) => answers);
  },
  /** What `getUserMedia` rejects with; it is no `Error`, as with the real one. */
  microphoneProblem: null as { readonly name: string; readonly message: string } | null,
  reset(): void {
    Object.assign(network, { connections: [], streams: [], microphoneProblem: null });
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
