/**
 * Owns one connection on behalf of a component.
 *
 * React mounts, unmounts and mounts again in its strict mode, renders on servers, and hands over new callbacks with
 * every render. The holder makes of that what a connection can live with: it is made when somebody listens, so never
 * on a server; it is given up only when nobody has come back by the end of the moment; and its callbacks are looked
 * up when they are called.
 *
 * @module
 */
import type { Levels, VoiceConnection, VoiceOptions, VoiceSnapshot } from '@limi-ai/client';
import type { UseVoiceConnectionOptions } from './use-voice-connection.ts';
import { VERSION } from './version.ts';

/** What a hook needs of a `VoiceConnection`. */
export type Connection = Pick<
  VoiceConnection,
  | 'connect'
  | 'disconnect'
  | 'subscribe'
  | 'getSnapshot'
  | 'mute'
  | 'levels'
  | 'sendText'
  | 'interrupt'
  | 'session'
>;

export type MakeConnection = (options: VoiceOptions) => Connection;

/** What there is before anything happened, on a server as well. */
export const IDLE: VoiceSnapshot = Object.freeze({
  state: Object.freeze({ status: 'disconnected' }),
  transcript: Object.freeze([]),
  muted: false,
  transport: null,
});

const SILENCE: Levels = Object.freeze({ input: 0, output: 0 });

/** Two sets of options with the same key can share a connection. Callbacks play no part in it. */
export function connectionKey(options: UseVoiceConnectionOptions): string {
  const { backendUrl, model, profile, sessionId, instructions, variables, capabilities, transport } = options;
  return JSON.stringify([
    backendUrl,
    model,
    profile,
    sessionId,
    instructions,
    variables,
    capabilities,
    transport,
  ]);
}

export class ConnectionHolder {
  readonly key: string;
  readonly #make: MakeConnection;
  #options: UseVoiceConnectionOptions;
  #connection: Connection | undefined;
  #holds = 0;

  constructor(options: UseVoiceConnectionOptions, make: MakeConnection) {
    this.key = connectionKey(options);
    this.#options = options;
    this.#make = make;
  }

  /** Takes the callbacks of the latest render. */
  update(options: UseVoiceConnectionOptions): void {
    this.#options = options;
  }

  /** Keeps the connection until the returned function is called, and a moment longer. */
  retain(): () => void {
    this.#holds += 1;
    return () => {
      this.#holds -= 1;
      queueMicrotask(() => {
        if (this.#holds === 0) void this.#connection?.disconnect();
      });
    };
  }

  readonly subscribe = (listener: () => void): (() => void) => this.#open().subscribe(listener);

  readonly getSnapshot = (): VoiceSnapshot => this.#connection?.getSnapshot() ?? IDLE;

  get session(): Connection['session'] {
    return this.#connection?.session ?? null;
  }

  readonly connect = async (): Promise<void> => {
    try {
      await this.#open().connect();
    } catch {
      // The state has the error, and a click handler is no place to catch one.
    }
  };

  readonly disconnect = async (): Promise<void> => {
    await this.#connection?.disconnect();
  };

  readonly mute = (on: boolean): void => {
    this.#open().mute(on);
  };

  readonly levels = (): Levels => this.#connection?.levels() ?? SILENCE;

  readonly sendText = (text: string): void => {
    this.#open().sendText(text);
  };

  readonly interrupt = (): void => {
    this.#connection?.interrupt();
  };

  #open(): Connection {
    return (this.#connection ??= this.#make(this.#connectionOptions()));
  }

  #connectionOptions(): VoiceOptions {
    const given = this.#options;
    return {
      clientName: `react/${VERSION}`,
      ...(withoutUndefined(given) as VoiceOptions),
      ...(given.getAuthorization ? { getAuthorization: () => this.#options.getAuthorization?.() } : {}),
      onStateChange: (state) => this.#options.onStateChange?.(state),
      onEvent: (event) => this.#options.onEvent?.(event),
    };
  }
}

/** In React a property that is `undefined` is one that was not given; and when to connect is the hook's own matter. */
function withoutUndefined(given: object): object {
  return Object.fromEntries(
    Object.entries(given).filter(([name, value]) => value !== undefined && name !== 'autoConnect'),
  );
}
