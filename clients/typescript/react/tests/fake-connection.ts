import type { LimiError, VoiceOptions, VoiceSnapshot, VoiceState } from '@limi-ai/client';
import type { Connection } from '../src/connection-holder.ts';

/** A connection whose states a test sets by hand, and which counts what is asked of it. */
export class FakeConnection implements Connection {
  session: Connection['session'] = null;
  connects = 0;
  disconnects = 0;
  listeners = new Set<() => void>();
  input = 0;
  said: string[] = [];
  fails: LimiError | undefined;
  #snapshot: VoiceSnapshot = {
    state: { status: 'disconnected' },
    transcript: [],
    muted: false,
    transport: null,
  };

  readonly options: VoiceOptions;

  constructor(options: VoiceOptions) {
    this.options = options;
  }

  connect(): Promise<void> {
    this.connects += 1;
    if (this.fails) {
      this.enter({ status: 'failed', error: this.fails });
      return Promise.reject(this.fails);
    }
    if (this.#snapshot.state.status === 'disconnected') this.enter({ status: 'connecting' });
    return Promise.resolve();
  }

  disconnect(): Promise<void> {
    this.disconnects += 1;
    this.enter({ status: 'disconnected' });
    return Promise.resolve();
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  getSnapshot(): VoiceSnapshot {
    return this.#snapshot;
  }

  mute(on: boolean): void {
    this.show({ muted: on });
  }

  levels(): { input: number; output: number } {
    return { input: this.input, output: 0 };
  }

  sendText(text: string): void {
    this.said.push(text);
  }

  interrupt(): void {
    this.said.push('(interrupt)');
  }

  enter(state: VoiceState): void {
    this.options.onStateChange?.(state);
    this.show({ state });
  }

  show(change: Partial<VoiceSnapshot>): void {
    this.#snapshot = { ...this.#snapshot, ...change };
    for (const listener of this.listeners) listener();
  }
}

/** Makes fakes and remembers them. */
export class FakeFactory {
  readonly made: FakeConnection[] = [];

  readonly make = (options: VoiceOptions): FakeConnection => {
    const connection = new FakeConnection(options);
    this.made.push(connection);
    return connection;
  };

  get only(): FakeConnection {
    const [first, ...others] = this.made;
    if (!first || others.length > 0) throw new Error(`${String(this.made.length)} connections were made`);
    return first;
  }
}
