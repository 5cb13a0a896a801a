/**
 * For servers that hand keys to their own users.
 *
 * @module
 */

import { Backend } from './backend.ts';
import { present } from './members.ts';
import { defaultPlatform } from './platforms/default.ts';
import type { Capability, ClientOptions, EphemeralKey, Health } from './types.ts';

/** What a service asks a key for. */
export interface ServiceTokenOptions {
  readonly model?: string;
  readonly capabilities?: readonly Capability[];
  readonly profile?: string;
  readonly variables?: Readonly<Record<string, string>>;
}

/**
 * A service's access to the backend.
 *
 * @example
 * ```ts
 * const limi = new LimiAIServiceIntegration('http://localhost:3001/api', process.env.LIMI_API_KEY);
 * const key = await limi.generateTokenForService('booking-desk', { capabilities: ['audio_input', 'audio_output'] });
 * ```
 */
export class LimiAIServiceIntegration {
  readonly #backend: Backend;

  constructor(backendUrl: string, apiKey?: string, options: ClientOptions = {}) {
    const access = { ...options, ...present({ apiKey }) };
    this.#backend = new Backend(backendUrl, access, options.platform ?? defaultPlatform());
  }

  /**
   * Mint a key for a session that is named after the service.
   *
   * @param serviceId - 1 to 100 of `A-Z a-z 0-9 _ -`.
   */
  generateTokenForService(serviceId: string, options: ServiceTokenOptions = {}): Promise<EphemeralKey> {
    return this.#backend.mint({ ...options, sessionId: serviceId });
  }

  /** How the backend's own connection to upstream is. */
  checkServiceHealth(): Promise<Health> {
    return this.#backend.health();
  }
}
