/**
 * A platform for tests: no network, no devices, no time but what the test lets pass.
 *
 * @module
 */

import type {
  AbortLike,
  AbortSignalLike,
  HistoryItem,
  HttpRequest,
  HttpResponse,
  Microphone,
  MicrophoneProblem,
  PageEvent,
  Platform,
  ServerEvent,
  SessionObserver,
  SessionRequest,
  VoiceSession,
} from './platform.ts';
import type { EphemeralKey } from './types.ts';

export { FakeDataChannel, FakePeerConnection, FakeTrack } from './testing-peer.ts';
export type { FakeSender } from './testing-peer.ts';

/** 2026-01-01 */
const START = 1_767_225_600_000;

/** What a fake backend answers: a status and a JSON body, or nothing at all. */
export type FakeAnswer =
  | { readonly status: number; readonly body: unknown; readonly headers?: Readonly<Record<string, string>> }
  | 'unreachable'
  | 'silent';

/** A request as the backend would have got it. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly keepalive: boolean;
}

/** What a conversation holds of the world; all zero when it is over. */
export interface Held {
  readonly timers: number;
  readonly microphones: number;
  readonly sessions: number;
  readonly listeners: number;
  readonly requests: number;
}

/**
 * The world as a test wants it. Everything happens at once or when the test says so.
 *
 * @example
 * ```ts
 * const world = new FakePlatform();
 * const voice = new VoiceConnection({ backendUrl: 'http://limi.test/api', platform: world });
 * await voice.connect();
 * world.session.tell({ type: 'response.output_audio_transcript.done', item_id: 'item_1', transcript: 'Hello!' });
 * world.session.breakDown();
 * await world.pass(1_500);
 * ```
 */
export class FakePlatform implements Platform {
  readonly name = 'fake';
  hasWebRTC = true;
  /** What `random` gives: the middle, so that no wait is changed by chance. */
  luck = 0.5;
  online = true;
  /** How the backend answers a path; the default mints keys, is healthy, and takes reports. */
  answer: (request: SeenRequest) => FakeAnswer = (request) => this.#usualAnswer(request);
  /** Why there is no microphone, if so. */
  microphoneProblem: MicrophoneProblem | null = null;
  /** While true, `openMicrophone` waits for a person who does not answer. */
  microphoneUndecided = false;
  /** What opening a session comes to; `never` leaves it open for ever. */
  opening: (session: FakeSession) => Promise<void> = () => Promise.resolve();

  readonly requests: SeenRequest[] = [];
  readonly sessions: FakeSession[] = [];
  readonly microphones: FakeMicrophone[] = [];

  #now = START;
  #serial = 0;
  readonly #timers = new Map<number, { readonly due: number; readonly callback: () => void }>();
  readonly #listeners = new Set<(event: PageEvent) => void>();
  #requestsUnderWay = 0;
  #keys = 0;

  /** The newest session. */
  get session(): FakeSession {
    return newest(this.sessions);
  }

  /** The newest microphone. */
  get microphone(): FakeMicrophone {
    return newest(this.microphones);
  }

  /** What is held now. */
  get held(): Held {
    return {
      timers: this.#timers.size,
      microphones: this.microphones.filter(({ closed }) => !closed).length,
      sessions: this.sessions.filter(({ closed }) => !closed).length,
      listeners: this.#listeners.size,
      requests: this.#requestsUnderWay,
    };
  }

  /** The bodies of the requests to a path, oldest first. */
  bodies(path: string): unknown[] {
    return this.requests.filter((request) => request.path === path).map(({ body }) => body);
  }

  /** The page tells of itself. */
  emit(event: PageEvent): void {
    if (event === 'online') this.online = true;
    if (event === 'offline') this.online = false;
    for (const listener of [...this.#listeners]) listener(event);
  }

  /** Let time pass: timers ring in their order, and what they set off happens in between. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    for (;;) {
      const next = [...this.#timers].filter(([, { due }]) => due <= end).sort(byDue)[0];
      if (next === undefined) break;
      const [timer, { due, callback }] = next;
      this.#now = due;
      this.#timers.delete(timer);
      callback();
      await settled();
    }
    this.#now = end;
  }

  fetch(url: string, request: HttpRequest): Promise<HttpResponse> {
    const { method, headers, body, keepalive = false, signal } = request;
    const seen: SeenRequest = {
      method,
      path: url.replace(/^https?:\/\/[^/]*/, '').replace(/^\/api/, ''),
      headers,
      body: body === undefined ? undefined : (JSON.parse(body) as unknown),
      keepalive,
    };
    this.requests.push(seen);
    const answer = this.answer(seen);
    if (answer === 'unreachable') return Promise.reject(new TypeError('Failed to fetch'));
    if (answer === 'silent') return this.#until(signal);
    const { status, body: given, headers: sent = {} } = answer;
    return Promise.resolve({
      status,
      headers: { get: (name: string) => sent[name.toLowerCase()] ?? null },
      text: () => Promise.resolve(typeof given === 'string' ? given : JSON.stringify(given)),
    });
  }

  createAbort(): AbortLike {
    return new FakeAbort();
  }

  now(): number {
    return this.#now;
  }

  setTimer(callback: () => void, delayMs: number): number {
    this.#serial += 1;
    this.#timers.set(this.#serial, { due: this.#now + delayMs, callback });
    return this.#serial;
  }

  clearTimer(timer: unknown): void {
    this.#timers.delete(timer as number);
  }

  random(): number {
    return this.luck;
  }

  createId(): string {
    this.#serial += 1;
    return `00000000-0000-4000-8000-${String(this.#serial).padStart(12, '0')}`;
  }

  resolveUrl(url: string): string {
    return url.startsWith('/') ? `http://page.test${url}` : url;
  }

  isOnline(): boolean {
    return this.online;
  }

  listen(listener: (event: PageEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  openMicrophone(): Promise<Microphone> {
    if (this.microphoneUndecided) return new Promise(() => undefined);
    if (this.microphoneProblem !== null) return Promise.reject(this.microphoneProblem);
    const microphone = new FakeMicrophone();
    this.microphones.push(microphone);
    return Promise.resolve(microphone);
  }

  createSession(request: SessionRequest, observer: SessionObserver): Promise<VoiceSession> {
    const session = new FakeSession(request, observer, (opened) => this.opening(opened));
    this.sessions.push(session);
    return Promise.resolve(session);
  }

  /** A key as the backend hands it out; each is another one. */
  makeKey(): EphemeralKey {
    this.#keys += 1;
    return {
      ephemeralKey: `ek_fake${String(this.#keys)}`,
      expiresAt: Math.floor(this.#now / 1000) + 600,
      sessionId: 'sess_fake',
      model: 'gpt-realtime-2.1',
      requestId: `req_${String(this.#keys)}`,
      urls: {
        webrtc: 'http://limi.test/v1/realtime/calls',
        websocket: 'ws://limi.test/v1/realtime?model=gpt-realtime-2.1',
      },
      mode: 'direct',
    };
  }

  #usualAnswer({ path, body }: SeenRequest): FakeAnswer {
    const { sessionId } = (body ?? {}) as { sessionId?: string };
    if (path === '/client-secret') {
      return { status: 200, body: { ...this.makeKey(), ...(sessionId === undefined ? {} : { sessionId }) } };
    }
    if (path === '/analytics/events') return { status: 202, body: { accepted: 1, requestId: 'req_0' } };
    const health = { accessible: true, responseTime: '2ms', timestamp: new Date(this.#now).toISOString() };
    return { status: 200, body: { status: 'healthy', ...health, requestId: 'req_0' } };
  }

  #until(signal: AbortSignalLike): Promise<HttpResponse> {
    this.#requestsUnderWay += 1;
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        this.#requestsUnderWay -= 1;
        reject(new Error('The request was aborted.'));
      });
    });
  }
}

/** A microphone that a test can speak into or pull out. */
export class FakeMicrophone implements Microphone {
  muted = false;
  closed = false;
  loudness = 0;
  #onLost: (() => void) | null = null;

  mute(on: boolean): void {
    this.muted = on;
  }

  level(): number {
    return this.loudness;
  }

  onLost(listener: () => void): void {
    this.#onLost = listener;
  }

  close(): void {
    this.closed = true;
    this.#onLost = null;
  }

  /** Its device goes away. */
  unplug(): void {
    this.#onLost?.();
  }
}

/** A session that a test is the server of. */
export class FakeSession implements VoiceSession {
  readonly request: SessionRequest;
  readonly observer: SessionObserver;
  readonly raw = { fake: true };
  readonly texts: string[] = [];
  readonly sounds: ArrayBuffer[] = [];
  closed = false;
  interruptions = 0;
  loudness = 0;
  restored: readonly HistoryItem[] | null = null;
  microphone: Microphone | null;
  readonly #opening: (session: FakeSession) => Promise<void>;

  constructor(
    request: SessionRequest,
    observer: SessionObserver,
    opening: (session: FakeSession) => Promise<void>,
  ) {
    this.request = request;
    this.observer = observer;
    this.microphone = request.microphone;
    this.#opening = opening;
  }

  open(): Promise<void> {
    return this.#opening(this);
  }

  close(): void {
    this.closed = true;
  }

  /** The server sends an event. */
  tell(event: ServerEvent): void {
    this.observer.onServerEvent(event);
  }

  /** The connection is gone, and nobody said why. */
  breakDown(): void {
    this.closed = true;
    this.observer.onClosed();
  }

  /** The server ends the call and says why. */
  end(reason: string): void {
    this.tell({ type: 'error', error: { type: 'server_error', code: 'session_ended', message: reason } });
  }

  sendText(text: string): void {
    this.texts.push(text);
  }

  sendAudio(pcm16: ArrayBuffer): void {
    this.sounds.push(pcm16);
  }

  interrupt(): void {
    this.interruptions += 1;
  }

  restore(history: readonly HistoryItem[]): void {
    this.restored = history;
  }

  replaceMicrophone(microphone: Microphone): void {
    this.microphone = microphone;
  }

  outputLevel(): number {
    return this.loudness;
  }
}

class FakeAbort implements AbortLike {
  #aborted = false;
  readonly #listeners = new Set<() => void>();
  readonly signal: AbortSignalLike;

  constructor() {
    const isAborted = (): boolean => this.#aborted;
    const listeners = this.#listeners;
    this.signal = {
      get aborted() {
        return isAborted();
      },
      addEventListener: (_type, listener) => listeners.add(listener),
      removeEventListener: (_type, listener) => listeners.delete(listener),
    };
  }

  abort(): void {
    if (this.#aborted) return;
    this.#aborted = true;
    for (const listener of [...this.#listeners]) listener();
  }
}

function newest<T>(things: readonly T[]): T {
  const thing = things.at(-1);
  if (thing === undefined) throw new Error('There is none yet.');
  return thing;
}

type Entry = readonly [number, { readonly due: number }];

function byDue([oneId, one]: Entry, [otherId, other]: Entry): number {
  return one.due - other.due || oneId - otherId;
}

/** Let everything happen that was waiting only for promises: chains here are far shorter than this. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
}
