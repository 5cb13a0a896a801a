/**
 * What main process, preload script and page agree on: two channels, and what goes through them.
 *
 * @module
 */
import type { EphemeralKey, Health, KeyOptions } from '@limi-ai/client';

/** Asks for a key. */
export const CONNECT_CHANNEL = 'voice-connect';
/** Asks how the backend is. */
export const HEALTH_CHANNEL = 'voice-health';
/** What a page finds the bridge under: `window.limiVoice`. */
export const BRIDGE_NAME = 'limiVoice';

/** What a page may ask for: what a key is minted with. */
export type VoiceConnectRequest = Pick<
  KeyOptions,
  'model' | 'sessionId' | 'capabilities' | 'profile' | 'variables'
>;

/** Why it did not work, as plain data: errors lose their members between processes. */
export interface VoiceFailure {
  readonly success: false;
  /** What happened. */
  readonly error: string;
  /** Of the backend's catalogue. */
  readonly code: string;
  /** What to do next. */
  readonly hint?: string;
  /** The page of this code. */
  readonly reference?: string;
  /** The HTTP status, where a backend's answer is the cause. */
  readonly status?: number;
  readonly requestId?: string;
  readonly retryAfterMs?: number;
}

/** The answer to `voice-connect`. The key is short-lived; the API key stays where it is. */
export type VoiceConnectAnswer = ({ readonly success: true } & EphemeralKey) | VoiceFailure;

/** The answer to `voice-health`. */
export type VoiceHealthAnswer = ({ readonly success: true } & Health) | VoiceFailure;

/** All that a page gets to see of the main process. */
export interface VoiceBridge {
  /** Mint a key. Never rejects for what the backend said: that is in the answer. */
  readonly connect: (request?: VoiceConnectRequest) => Promise<VoiceConnectAnswer>;
  /** Ask how the backend is. */
  readonly health: () => Promise<VoiceHealthAnswer>;
}
