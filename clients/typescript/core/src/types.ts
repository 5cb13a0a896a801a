/**
 * The words that everything else is said in: states, options, and what a backend answers.
 *
 * @module
 */

import type { RealtimeSession, RealtimeAgent } from '@openai/agents-realtime';
import type { LimiError } from './errors.ts';
import type { Platform } from './platform.ts';

/** What a user is told about a conversation. Reconnecting is `connecting` with an `attempt` above 0. */
export type VoiceStatus = 'disconnected' | 'connecting' | 'connected' | 'failed';

/** How sound and events travel. */
export type TransportKind = 'webrtc' | 'websocket';

/** The state of a conversation at one moment. */
export interface VoiceState {
  readonly status: VoiceStatus;
  /** Why it failed; or, while connected, what is amiss (a microphone that was pulled out). */
  readonly error?: LimiError;
  /** What the backend calls this conversation; known as soon as a key was minted. */
  readonly sessionId?: string;
  /** How often it was tried to get a lost connection back; absent while nothing was lost. */
  readonly attempt?: number;
}

/** What one side said, as far as it is known. */
export interface TranscriptEntry {
  readonly id: string;
  readonly role: 'user' | 'assistant';
  readonly text: string;
  /** False while words are still coming. */
  readonly final: boolean;
}

/** Everything a view shows. The same object until something in it changed, so it can be compared with `===`. */
export interface VoiceSnapshot {
  readonly state: VoiceState;
  readonly transcript: readonly TranscriptEntry[];
  readonly muted: boolean;
  /** How the conversation travels now; null while there is none. */
  readonly transport: TransportKind | null;
}

/** Loudness from 0 (silence) to 1, of the microphone and of the assistant. */
export interface Levels {
  readonly input: number;
  readonly output: number;
}

/**
 * How long things may take before a connection counts as lost, how a lost one is got back, and when a session is renewed.
 * Milliseconds are from 1 to 2,147,483,647, which is as long as a timer can wait: some 25 days.
 */
export interface ReconnectOptions {
  /** How often in a row; default 3. 0 switches reconnecting off. */
  readonly maxAttempts?: number;
  /** Waits before the first, second, … attempt; the last one is repeated. Default 1, 2 and 3 seconds. */
  readonly delaysMs?: readonly number[];
  /** The share of a wait, at most 0.99, that chance may add or take, so that clients do not return all at once; default 0.2. */
  readonly jitter?: number;
  /** After so long without a session UDP is taken to be blocked; default 10 seconds, for ICE alone takes about 15. */
  readonly webrtcTimeoutMs?: number;
  /** How long a session by WebSocket may take to open; default 10 seconds. */
  readonly websocketTimeoutMs?: number;
  /**
   * What a WebRTC path that went quiet gets to come back; default 5 seconds. More changes nothing: the official session
   * gives up by itself after 5.
   */
  readonly graceMs?: number;
  /** A connection that held so long is a success, and attempts are counted anew; default 10 seconds. */
  readonly stableAfterMs?: number;
  /** The wait while the device says that it is offline, for it may be wrong about it; default 30 seconds. */
  readonly offlineMs?: number;
  /** A session so old is renewed in the next quiet moment; default 55 of the 60 minutes that OpenAI gives it. */
  readonly renewAfterMs?: number;
  /** How long a renewal waits for that moment before it is done in the middle of speech; default 3 minutes. */
  readonly renewPatienceMs?: number;
  /** The wait after a renewal's key was refused; default 30 seconds. */
  readonly renewRetryMs?: number;
}

/** What happened, for an application's own log. Holds no key, no sound and no words. */
export type VoiceEvent =
  | { readonly type: 'state'; readonly state: VoiceState }
  | { readonly type: 'phase'; readonly phase: string; readonly input: string }
  | { readonly type: 'fallback'; readonly from: TransportKind }
  | { readonly type: 'interrupted' }
  | { readonly type: 'error'; readonly error: LimiError };

/** What every client of a backend may be given. */
export interface ClientOptions {
  /** A Limi API key, for callers that may keep one: servers, never a web page. */
  readonly apiKey?: string;
  /** The value of the `Authorization` header, asked for before each request; wins over `apiKey`. */
  readonly getAuthorization?: () => string | undefined | Promise<string | undefined>;
  /** What `X-Limi-Client` says; adapters name themselves, such as `react/1.0.0`. */
  readonly clientName?: string;
  /** How long the backend may take for one answer; default 15 seconds: upstream's 10 and a margin. */
  readonly timeoutMs?: number;
  /** How often a request that may safely be repeated is repeated; default 2. */
  readonly maxRetries?: number;
  /** The world around: default is the browser's or Node's, whichever this runs in. */
  readonly platform?: Platform;
}

/** A tool for the assistant, made by `tool()` of `@openai/agents-realtime`. */
export type VoiceTool = RealtimeAgent['tools'][number];

/** What a key is asked for with. */
export interface KeyOptions {
  readonly model?: string;
  /** 1 to 100 of `A-Z a-z 0-9 _ -`; the backend makes one up where it is absent. */
  readonly sessionId?: string;
  readonly capabilities?: readonly Capability[];
  /** The server's named session configuration; default `default`. */
  readonly profile?: string;
  /** Values for the variables that the profile declares. */
  readonly variables?: Readonly<Record<string, string>>;
}

/** What a session may take in and give out. */
export type Capability = 'audio_input' | 'audio_output' | 'text_input' | 'text_output';

/** How one conversation is to be. */
export interface ConversationOptions extends Omit<KeyOptions, 'sessionId'> {
  readonly sessionId?: string;
  /** Replaces the profile's instructions, where the backend lets it. */
  readonly instructions?: string;
  readonly tools?: readonly VoiceTool[];
  /** `auto` (default) takes WebRTC where there is one and falls back to WebSocket by itself. */
  readonly transport?: 'auto' | TransportKind;
  /** How long things may take, how a lost connection is got back, and when a session is renewed. */
  readonly reconnect?: ReconnectOptions;
  /** Whether connection times and error codes (never content) are reported to the backend; default true. */
  readonly analytics?: boolean;
  /** Called after each change of the state. */
  readonly onStateChange?: (state: VoiceState) => void;
  /** Called with what happens, for an application's own log. */
  readonly onEvent?: (event: VoiceEvent) => void;
}

/** All that a {@link VoiceConnection} is made from. */
export interface VoiceOptions extends ClientOptions, ConversationOptions {
  /** The backend's base URL, such as `http://localhost:3001/api`; on the same origin `/api` will do. */
  readonly backendUrl: string;
}

/** A short-lived key as the backend hands it out. Whoever holds it can talk at the backend's cost until it expires. */
export interface EphemeralKey {
  /** Begins with `ek_`. */
  readonly ephemeralKey: string;
  /** Unix seconds. */
  readonly expiresAt: number;
  readonly sessionId: string;
  /** The model in effect upstream. */
  readonly model: string;
  readonly requestId: string;
  /** Where to connect with this key, to be used as they are. */
  readonly urls: { readonly webrtc: string; readonly websocket: string };
  readonly mode: string;
}

/** What the backend says of its own connection to upstream. */
export interface Health {
  readonly status: 'healthy' | 'unhealthy';
  readonly accessible: boolean;
  /** Such as `245ms`. */
  readonly responseTime: string;
  /** ISO 8601. */
  readonly timestamp: string;
  readonly requestId: string;
  readonly code?: string;
  readonly message?: string;
}

export type { RealtimeSession };
