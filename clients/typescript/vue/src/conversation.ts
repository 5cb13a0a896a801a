import { VoiceConnection } from '@limi-ai/client';
import type { Levels, RealtimeSession, VoiceOptions, VoiceSnapshot } from '@limi-ai/client';
import { shallowRef } from 'vue';
import { VERSION } from './version.ts';

/** What there is before anything happened, on a server as well. */
const IDLE: VoiceSnapshot = Object.freeze({
  state: Object.freeze({ status: 'disconnected' }),
  transcript: Object.freeze([]),
  muted: false,
  transport: null,
});

const SILENCE: Levels = Object.freeze({ input: 0, output: 0 });

/** One conversation after the other; each has a connection of its own, made when it begins. */
export class Conversation {
  readonly snapshot = shallowRef(IDLE);
  readonly session = shallowRef<RealtimeSession | null>(null);
  readonly muted = shallowRef(false);
  readonly #options: () => VoiceOptions;
  #connection: VoiceConnection | undefined;
  #model: string | undefined;
  #disposed = false;

  constructor(options: () => VoiceOptions) {
    this.#options = options;
  }

  readonly connect = async (model?: unknown): Promise<void> => {
    // A scope that has gone would never end it. And `@click="connect"` passes the click along, which is no model.
    if (this.#disposed) return;
    const wanted = typeof model === 'string' ? model : undefined;
    const { status } = this.snapshot.value.state;
    const isOn = status === 'connecting' || status === 'connected';
    if (!isOn || (wanted !== undefined && wanted !== this.#model)) this.#end();
    // Options that make no sense are the developer's to see, so they are read outside of what is caught.
    const connection = this.#connection ?? this.#begin(wanted);
    try {
      await connection.connect();
    } catch {
      // The state has the error, and a click handler is no place to catch one.
    }
  };

  readonly disconnect = async (): Promise<void> => this.#connection?.disconnect();

  readonly mute = (on: boolean): void => {
    this.muted.value = on;
    this.#connection?.mute(on);
  };

  readonly levels = (): Levels => this.#connection?.levels() ?? SILENCE;

  readonly sendText = (text: string): void => this.#connection?.sendText(text);

  readonly interrupt = (): void => this.#connection?.interrupt();

  dispose(): void {
    this.#disposed = true;
    this.#end();
  }

  #begin(wanted: string | undefined): VoiceConnection {
    const options = { clientName: `vue/${VERSION}`, ...this.#options() };
    this.#model = wanted ?? options.model;
    const connection = new VoiceConnection({
      ...options,
      ...(wanted === undefined ? {} : { model: wanted }),
    });
    connection.mute(this.muted.value);
    // What has ended says nothing more, so nobody has to stop listening to it.
    connection.subscribe(() => {
      this.snapshot.value = connection.getSnapshot();
      this.session.value = connection.session;
    });
    this.#connection = connection;
    return connection;
  }

  #end(): void {
    void this.#connection?.disconnect();
    this.#connection = undefined;
  }
}
