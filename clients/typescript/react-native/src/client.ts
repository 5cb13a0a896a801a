/**
 * The client for telephones: the core's, on this platform.
 *
 * @module
 */
import { LimiAIClient } from '@limi-ai/client';
import type { ClientOptions, ConversationOptions, EphemeralKey, VoiceConnection } from '@limi-ai/client';
import { reactNativePlatform } from './platform.ts';
import type { ReactNativeOptions } from './types.ts';
import { VERSION } from './version.ts';

/** What {@link LimiAIMobileClient} may be given: everything for its keys and its conversations. */
export interface MobileOptions
  extends ClientOptions, Omit<ConversationOptions, 'model' | 'transport'>, ReactNativeOptions {}

/**
 * A client of one Limi AI Backend, for React Native.
 *
 * @example
 * ```ts
 * const client = new LimiAIMobileClient('https://voice.example.com/api');
 * const voice = client.createVoiceSession('gpt-realtime-2.1');
 * voice.subscribe(() => console.log(voice.getSnapshot().transcript));
 * await voice.connect();
 * ```
 */
export class LimiAIMobileClient {
  readonly #client: LimiAIClient;
  readonly #conversation: Omit<ConversationOptions, 'model' | 'transport'>;

  /** The address is a whole one: a telephone has no page to resolve it against. */
  constructor(backendUrl: string, options: MobileOptions = {}) {
    this.#conversation = options;
    this.#client = new LimiAIClient(backendUrl, {
      clientName: `react-native/${VERSION}`,
      platform: reactNativePlatform(options),
      ...options,
    });
  }

  /**
   * Mint a key, for whoever connects by other means. Conversations mint their own.
   *
   * @throws LimiError with the backend's code, or why it could not be asked.
   */
  getEphemeralKey(model?: string): Promise<EphemeralKey> {
    const { sessionId, capabilities, profile, variables } = this.#conversation;
    return this.#client.generateEphemeralKey({
      ...(model === undefined ? {} : { model }),
      ...(sessionId === undefined ? {} : { sessionId }),
      ...(capabilities === undefined ? {} : { capabilities }),
      ...(profile === undefined ? {} : { profile }),
      ...(variables === undefined ? {} : { variables }),
    });
  }

  /** Make a conversation, which `connect()` begins. It asks for the microphone then, and not before. */
  createVoiceSession(model?: string): VoiceConnection {
    return this.#client.createVoiceSession({
      ...this.#conversation,
      ...(model === undefined ? {} : { model }),
      // Sound goes by WebRTC only here, so there is nothing to fall back to.
      transport: 'webrtc',
    });
  }
}
