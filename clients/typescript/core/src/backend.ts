/**
 * The backend's HTTP API: one method for each route a client needs, with time limits, repeats and typed errors.
 *
 * @module
 */

import { CLIENT_ERRORS } from './errors.generated.ts';
import type { ClientErrorCode } from './errors.generated.ts';
import { LimiError } from './errors.ts';
import type { LimiErrorFacts } from './errors.ts';
import { present } from './members.ts';
import type { AbortSignalLike, HttpResponse, Platform } from './platform.ts';
import type { ClientOptions, EphemeralKey, Health, KeyOptions } from './types.ts';
import { VERSION } from './version.ts';

/** Upstream may take 10 s, and the backend's own answer some more. */
const TIMEOUT_MS = 15_000;
/** Whoever waits for a conversation to end waits for its last report too. */
const REPORT_TIMEOUT_MS = 3_000;
/** A person waits for it, so what would take longer is reported instead. */
const LONGEST_PAUSE_MS = 5_000;
const FIRST_PAUSE_MS = 500;
const WORTH_REPEATING: readonly number[] = [408, 429, 502, 503, 504];

interface Call {
  readonly path: string;
  /** What is posted; without one it is asked for only. */
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly keepalive?: boolean;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignalLike | undefined;
  /** A status that is an answer as well, although it is none of the good ones. */
  readonly alsoGood?: number;
}

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Whether a repeat of the same request may end better. */
export function isRetryable(error: LimiError): boolean {
  return !error.final && (error.status === undefined || WORTH_REPEATING.includes(error.status));
}

export class Backend {
  readonly #platform: Platform;
  readonly #options: ClientOptions;
  readonly #backendUrl: string;

  constructor(backendUrl: string, options: ClientOptions, platform: Platform) {
    // An absent one is the usual case: the environment of a build that lacks it.
    if (!/^(https?:|[./])/i.test(backendUrl)) {
      throw new TypeError('backendUrl: must be like http://localhost:3001/api or /api');
    }
    this.#backendUrl = backendUrl.replace(/\/+$/, '');
    this.#options = options;
    this.#platform = platform;
  }

  /** Ask for a key. The idempotency key makes repeats of it one mint. */
  async mint(options: KeyOptions, signal?: AbortSignalLike): Promise<EphemeralKey> {
    const { model, sessionId, capabilities, profile, variables } = options;
    const answer = await this.#repeated({
      path: '/client-secret',
      // JSON leaves undefined members out.
      body: { model, sessionId, capabilities, profile, variables },
      headers: { 'Idempotency-Key': this.#platform.createId() },
      signal,
    });
    return this.#readKey(answer.body);
  }

  /** Ask how the backend's connection to upstream is; an unhealthy one is an answer, not an error. */
  async health(): Promise<Health> {
    const { status, body } = await this.#once({ path: '/client-secret/health', alsoGood: 503 });
    if (typeof body['status'] !== 'string') throw this.error('openai_client_secret_failed', { status });
    return body as unknown as Health;
  }

  /** Hand reports over; `keepalive` lets them outlive the page. */
  async report(events: readonly unknown[]): Promise<void> {
    await this.#once({
      path: '/analytics/events',
      body: { events },
      keepalive: true,
      timeoutMs: REPORT_TIMEOUT_MS,
    });
  }

  /** An error that this client raises, with the catalogue's words and the backend's page. */
  error(code: ClientErrorCode, facts: Partial<LimiErrorFacts> = {}): LimiError {
    return new LimiError({ ...CLIENT_ERRORS[code], reference: this.#reference(code), ...facts, code });
  }

  async #repeated(call: Call): Promise<Answer> {
    const { maxRetries = 2 } = this.#options;
    for (let tries = 0; ; tries += 1) {
      try {
        return await this.#once(call);
      } catch (error) {
        if (!(error instanceof LimiError) || tries >= maxRetries || !isRetryable(error)) throw error;
        const pause = error.retryAfterMs ?? FIRST_PAUSE_MS * 2 ** tries * (0.5 + this.#platform.random());
        if (pause > LONGEST_PAUSE_MS) throw error;
        await this.#pause(pause, call.signal);
        if (call.signal?.aborted === true) throw error;
      }
    }
  }

  #pause(delayMs: number, signal: AbortSignalLike | undefined): Promise<void> {
    return new Promise((resolve) => {
      const stop = this.#when(delayMs, signal, () => {
        stop();
        resolve();
      });
    });
  }

  /** Have `act` called after a while, or when `signal` is aborted. @returns the way to stop that. */
  #when(delayMs: number, signal: AbortSignalLike | undefined, act: () => void): () => void {
    const timer = this.#platform.setTimer(act, delayMs);
    signal?.addEventListener('abort', act);
    return () => {
      this.#platform.clearTimer(timer);
      signal?.removeEventListener('abort', act);
    };
  }

  async #once(call: Call): Promise<Answer> {
    const { signal, timeoutMs = this.#options.timeoutMs ?? TIMEOUT_MS } = call;
    const limit = this.#platform.createAbort();
    let stop = (): void => undefined;
    // What the application is asked for, and the fetch of some platforms, heed no signal.
    const stopped = new Promise<never>((_resolve, reject) => {
      const abort = (): void => {
        limit.abort();
        reject(new Error('aborted'));
      };
      stop = this.#when(timeoutMs, signal, abort);
      if (signal?.aborted) abort();
    });
    try {
      return await Promise.race([stopped, this.#exchange(call, limit.signal)]);
    } catch (cause) {
      if (cause instanceof LimiError) throw cause;
      if (limit.signal.aborted && signal?.aborted !== true) {
        throw this.error('token_generation_timeout', { cause });
      }
      // The catalogue's words, and what is amiss more often where a page is made.
      const hint = `Check the internet connection, and that ${this.#backendUrl} runs and allows this origin`;
      throw this.error('network_error', { cause, hint });
    } finally {
      stop();
    }
  }

  async #exchange(call: Call, signal: AbortSignalLike): Promise<Answer> {
    const { path, body: content, keepalive, alsoGood } = call;
    const response = await this.#platform.fetch(this.#platform.resolveUrl(this.#backendUrl) + path, {
      method: content ? 'POST' : 'GET',
      headers: present({
        'Content-Type': content && 'application/json',
        Authorization: await this.#authorization(),
        'X-Limi-Client': this.#options.clientName ?? `js/${VERSION}`,
        ...call.headers,
      }),
      ...present({ body: content && JSON.stringify(content), keepalive }),
      signal,
    });
    const { status } = response;
    const body = parseObject(await response.text());
    const good = (status >= 200 && status < 300) || status === alsoGood;
    if (!good) throw this.#refusal(response, body);
    if (body === null) throw this.error('openai_client_secret_failed', { status });
    return { status, body };
  }

  async #authorization(): Promise<string | undefined> {
    const { getAuthorization, apiKey } = this.#options;
    if (getAuthorization !== undefined) return getAuthorization();
    return apiKey === undefined ? undefined : `Bearer ${apiKey}`;
  }

  #readKey(body: Answer['body']): EphemeralKey {
    const { ephemeralKey, expiresAt, sessionId, urls } = body;
    const { webrtc, websocket } = (urls ?? {}) as Partial<EphemeralKey['urls']>;
    // The value itself stays out of every message.
    if (typeof ephemeralKey === 'string' && !ephemeralKey.startsWith('ek_')) {
      throw this.error('ephemeral_key_invalid', { final: true });
    }
    const texts = [ephemeralKey, sessionId, webrtc, websocket];
    const usable = typeof expiresAt === 'number' && texts.every((text) => typeof text === 'string');
    if (!usable) throw this.error('openai_client_secret_failed', { final: true });
    return body as unknown as EphemeralKey;
  }

  /** What the backend said; or, where something else answered in its place, that its answer is unusable. */
  #refusal(response: HttpResponse, body: Answer['body'] | null): LimiError {
    const { code, message, action, reference, requestId, retryAfter } = body ?? {};
    const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
    const wait = typeof retryAfter === 'number' ? retryAfter : seconds * 1000;
    const facts = {
      status: response.status,
      requestId: textOr(requestId, response.headers.get('x-request-id') ?? undefined),
      retryAfterMs: Number.isFinite(wait) && wait >= 0 ? wait : undefined,
    };
    if (typeof code !== 'string' || typeof message !== 'string') {
      return this.error('openai_client_secret_failed', facts);
    }
    return new LimiError({
      ...facts,
      code,
      message,
      hint: textOr(action, ''),
      reference: textOr(reference, this.#reference(code)),
    });
  }

  #reference(code: string): string {
    return `${this.#backendUrl.replace(/\/api$/, '')}/errors/${code}`;
  }
}

function textOr<T>(value: unknown, otherwise: T): string | T {
  return typeof value === 'string' ? value : otherwise;
}

function parseObject(text: string): Answer['body'] | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Answer['body']) : null;
  } catch {
    return null;
  }
}
