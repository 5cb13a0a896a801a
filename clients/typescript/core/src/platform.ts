/**
 * The world around the core: everything it cannot do by itself, in one interface.
 *
 * The core names no global; a browser, Node, React Native and the tests each hand it one of these.
 *
 * @module
 */

import type { TransportKind, VoiceTool } from './types.ts';

/** What a page or a host tells of itself. */
export type PageEvent = 'online' | 'offline' | 'visible' | 'hidden' | 'pagehide' | 'devicechange';

/** A timer that was started; what it is belongs to the platform. */
export type Timer = unknown;

/** The part of an `AbortSignal` that the core uses. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  /** Have `listener` called when it is aborted. */
  addEventListener(type: 'abort', listener: () => void): void;
  /** Stop that. */
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** The part of an `AbortController` that the core uses. */
export interface AbortLike {
  readonly signal: AbortSignalLike;
  /** Abort what was given the signal. */
  abort(): void;
}

/** The part of `fetch` that the core uses. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Lets a page finish sending after it was left. */
  readonly keepalive?: boolean;
  readonly signal: AbortSignalLike;
}

/** The part of a `Response` that the core uses. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: {
    /** The value of a header, whatever the case of its name. */
    get(name: string): string | null;
  };
  /** The whole body. */
  text(): Promise<string>;
}

/** A microphone that is open until it is closed. What its sound is belongs to the platform. */
export interface Microphone {
  /** Silence it, or let it be heard again. */
  mute(on: boolean): void;
  /** 0 to 1, of this moment. */
  level(): number;
  /** Is called once when the device goes; closing it by {@link Microphone.close} does not call it. */
  onLost(listener: () => void): void;
  /** Give it back; is idempotent. */
  close(): void;
}

/** Why there is no microphone. */
export class MicrophoneProblem extends Error {
  override readonly name = 'MicrophoneProblem';
  readonly code: 'microphone_denied' | 'microphone_missing';

  constructor(code: 'microphone_denied' | 'microphone_missing', cause?: unknown) {
    super(code, { cause });
    this.code = code;
  }
}

/** Why a session could not be opened, as far as it is known. */
export class SessionProblem extends Error {
  override readonly name = 'SessionProblem';
  readonly code: 'token_expired' | 'webrtc_unsupported' | 'webrtc_connection_failed' | 'network_error';

  constructor(code: SessionProblem['code'], cause?: unknown) {
    super(code, { cause });
    this.code = code;
  }
}

/** What a session is opened with. */
export interface SessionRequest {
  readonly transport: TransportKind;
  /** The ephemeral key. */
  readonly key: string;
  /** Of the mint; used as it is. */
  readonly url: string;
  readonly model: string;
  /** Null while there is none: then only the assistant is heard. */
  readonly microphone: Microphone | null;
  readonly instructions?: string;
  readonly tools?: readonly VoiceTool[];
}

/** One thing that was said before, to be told to a new session. */
export interface HistoryItem {
  readonly id: string;
  readonly role: 'user' | 'assistant';
  readonly text: string;
}

/** What a session tells. Each is called from outside the core's own calls. */
export interface SessionObserver {
  /** An event of the Realtime API as it came: parsed JSON. */
  onServerEvent(event: ServerEvent): void;
  /** The path is bad (true) or good again (false); the session itself lives on. */
  onUnsteady(unsteady: boolean): void;
  /** It is over, unasked. Called at most once, and never after `close`. */
  onClosed(): void;
  /** Somebody spoke into the assistant's words, which ended them. */
  onInterrupted(): void;
}

/** An event of the Realtime API, read no further than its type. */
export interface ServerEvent {
  readonly type: string;
  readonly [member: string]: unknown;
}

/** One session with a model, from `open` to `close`. */
export interface VoiceSession {
  /** Resolves once both sides can be heard; rejects with a {@link SessionProblem}. */
  open(): Promise<void>;
  /** Is idempotent and leaves nothing behind; also ends an `open` under way. */
  close(): void;
  /** Say something in writing, which is to be answered. */
  sendText(text: string): void;
  /** Say something: 24 kHz, mono. */
  sendAudio(pcm16: ArrayBuffer): void;
  /** Make the assistant stop speaking. */
  interrupt(): void;
  /** Tell what was said in an earlier session. */
  restore(history: readonly HistoryItem[]): void;
  /** Listen to another microphone from now on. */
  replaceMicrophone(microphone: Microphone): void;
  /** Loudness of the assistant, 0 to 1, of this moment. */
  outputLevel(): number;
  /** The official session, for what this interface does not cover. */
  readonly raw: unknown;
}

/** Everything the core needs from outside. */
export interface Platform {
  /** Such as `browser` or `node`. */
  readonly name: string;
  /** Whether WebRTC can be tried at all. */
  readonly hasWebRTC: boolean;
  /** As the global one; rejects where nobody answers. */
  fetch(url: string, request: HttpRequest): Promise<HttpResponse>;
  /** A new signal, and the way to abort it. */
  createAbort(): AbortLike;
  /** Unix time in milliseconds. */
  now(): number;
  /** Have `callback` called once, unless the timer is cleared before. */
  setTimer(callback: () => void, delayMs: number): Timer;
  /** Does nothing with a timer that rang, or with none. */
  clearTimer(timer: Timer): void;
  /** From 0 up to 1. */
  random(): number;
  /** A new UUID. */
  createId(): string;
  /** The absolute form of a backend URL; a page resolves it against its own address. */
  resolveUrl(url: string): string;
  /** Whether the device thinks that it has a network. */
  isOnline(): boolean;
  /** Returns the way to stop listening. */
  listen(listener: (event: PageEvent) => void): () => void;
  /** Rejects with a {@link MicrophoneProblem}; or with anything else, which is taken for `unsupported_platform`. */
  openMicrophone(): Promise<Microphone>;
  /** Make a session, which is not open yet. */
  createSession(request: SessionRequest, observer: SessionObserver): Promise<VoiceSession>;
}
