/**
 * The backend's client: keys, conversations, health.
 *
 * @module
 */

import { Backend } from './backend.ts';
import { VoiceConnection } from './connection.ts';
import { defaultPlatform } from './platforms/default.ts';
import type { ClientOptions, ConversationOptions, EphemeralKey, Health, KeyOptions } from './types.ts';

/**
 * A client of one Limi AI Backend.
 *
 * @example
 * ```ts
 * const client = new LimiAIClient('http://localhost:3001/api');
 * const voice = client.createVoiceSession();
 * voice.subscribe(() => console.log(voice.getSnapshot().transcript));
 * await voice.connect();
 * ```
 */
export class LimiAIClient {
  readonly #backendUrl: string;
  readonly #options: ClientOptions;
  readonly #backend: Backend;

  constructor(backendUrl: string, options: ClientOptions = {}) {
    this.#backendUrl = backendUrl;
    this.#options = options;
    this.#backend = new Backend(backendUrl, options, options.platform ?? defaultPlatform());
  }

  /**
   * Mint a key, for whoever connects by other means. Conversations mint their own.
   *
   * @throws LimiError with the backend's code, or why it could not be asked.
   */
  generateEphemeralKey(options: KeyOptions = {}): Promise<EphemeralKey> {
    return this.#backend.mint(options);
  }

  /** Make a conversation, which `connect()` begins. */
  createVoiceSession(options: ConversationOptions = {}): VoiceConnection {
    return new VoiceConnection({ ...this.#options, ...options, backendUrl: this.#backendUrl });
  }

  /** How the backend's own connection to upstream is. */
  checkHealth(): Promise<Health> {
    return this.#backend.health();
  }
}
