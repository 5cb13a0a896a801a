/**
 * A conversation for plain pages: callbacks by name, and nothing else to know.
 *
 * @module
 */

import { VoiceConnection } from './connection.ts';
import type { LimiError } from './errors.ts';
import { present } from './members.ts';
import type { ClientOptions, ConversationOptions, VoiceState } from './types.ts';

/** What can be listened to. */
export interface VoiceClientEvents {
  /** Called after each change of the state. */
  onStateChange: (state: VoiceState) => void;
  /** Failed, or something is amiss while connected. */
  onError: (error: LimiError) => void;
  /** Called when both sides can be heard, also after a reconnect. */
  onConnected: (state: VoiceState) => void;
}

/**
 * The client for plain JavaScript.
 *
 * @example
 * ```ts
 * const voice = new LimiAIVoiceClient('/api');
 * voice.on('onConnected', () => console.log('Speak!'));
 * voice.on('onError', (error) => console.log(error.message, error.reference));
 * button.onclick = () => voice.connect();
 * ```
 */
export class LimiAIVoiceClient {
  readonly #backendUrl: string;
  readonly #options: ClientOptions & ConversationOptions;
  readonly #listeners: { [Name in keyof VoiceClientEvents]: Set<VoiceClientEvents[Name]> } = {
    onStateChange: new Set(),
    onError: new Set(),
    onConnected: new Set(),
  };
  #connection: VoiceConnection | null = null;

  constructor(backendUrl: string, options: ClientOptions & ConversationOptions = {}) {
    this.#backendUrl = backendUrl;
    this.#options = options;
  }

  /** The conversation, once `connect` was called: transcript, levels, mute. */
  get connection(): VoiceConnection | null {
    return this.#connection;
  }

  /** Listen. @returns the way to stop. */
  on<Name extends keyof VoiceClientEvents>(name: Name, listener: VoiceClientEvents[Name]): () => void {
    this.#listeners[name].add(listener);
    return () => {
      this.#listeners[name].delete(listener);
    };
  }

  /** Begin a conversation. With another model than before the one that is on is ended first. */
  async connect(model?: string): Promise<void> {
    const wanted = model ?? this.#options.model;
    if (this.#connection === null || this.#model !== wanted) {
      // It ends at once; only its last report takes a while, and nobody is to wait for that. Waiting here would also
      // let a second call of this method begin another conversation, which nobody could end.
      void this.disconnect();
      this.#model = wanted;
      this.#connection = this.#make(wanted);
    }
    await this.#connection.connect();
  }

  #model: string | undefined;

  /** End the conversation, whatever state it is in. */
  async disconnect(): Promise<void> {
    await this.#connection?.disconnect();
  }

  #make(model: string | undefined): VoiceConnection {
    let before: VoiceState = { status: 'disconnected' };
    return new VoiceConnection({
      ...this.#options,
      ...present({ model }),
      backendUrl: this.#backendUrl,
      onStateChange: (state) => {
        const { status, error } = before;
        before = state;
        this.#options.onStateChange?.(state);
        for (const listener of this.#listeners.onStateChange) listener(state);
        if (state.status === 'connected' && status !== 'connected') {
          for (const listener of this.#listeners.onConnected) listener(state);
        }
        if (state.error !== undefined && state.error !== error) {
          for (const listener of this.#listeners.onError) listener(state.error);
        }
      },
    });
  }
}
