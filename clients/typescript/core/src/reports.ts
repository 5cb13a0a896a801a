/**
 * What the backend is told of how connections fare: times and error codes, never words, sound or keys.
 *
 * @module
 */

import type { Backend } from './backend.ts';
import type { LimiError } from './errors.ts';
import type { Platform, Timer } from './platform.ts';
import type { TransportKind } from './types.ts';

/** Of the contract's `POST /analytics/events`. */
export type ReportEvent = { readonly id: string } & (
  | {
      readonly type: 'connection_successful';
      readonly sessionId: string;
      readonly durationMs: number;
      readonly transport: TransportKind;
    }
  | {
      readonly type: 'error_occurred';
      readonly sessionId?: string;
      readonly errorCode: string;
      readonly errorMessage: string;
    }
);

/** Distributes over the union, as `Omit` does not. */
type WithoutId<T extends ReportEvent> = T extends ReportEvent ? Omit<T, 'id'> : never;

/** The backend takes 100 events at once; more than that unsent means that nobody listens, and the oldest go. */
const LONGEST = 100;
/** Long enough to gather what belongs together, short enough not to matter to anybody who watches. */
const GATHER_MS = 2_000;

/** Gathers reports and hands them over together. */
export class Reports {
  readonly #backend: Backend;
  readonly #platform: Platform;
  /** False as well once the backend has refused them: it will not take the next ones either. */
  #enabled: boolean;
  #waiting: ReportEvent[] = [];
  /** Null while nothing waits. */
  #timer: Timer = null;
  #sending: Promise<void> = Promise.resolve();

  constructor(backend: Backend, platform: Platform, enabled: boolean) {
    this.#backend = backend;
    this.#platform = platform;
    this.#enabled = enabled;
  }

  add(event: WithoutId<ReportEvent>): void {
    if (!this.#enabled) return;
    this.#waiting.push({ id: this.#platform.createId(), ...event });
    if (this.#waiting.length > LONGEST) this.#waiting.shift();
    this.#timer ??= this.#platform.setTimer(() => {
      void this.flush();
    }, GATHER_MS);
  }

  /**
   * Send what waits, now. What cannot be delivered is let go: it is not worth a user's battery.
   *
   * @returns a promise that resolves when nothing is under way any more.
   */
  flush(): Promise<void> {
    this.#platform.clearTimer(this.#timer);
    this.#timer = null;
    const events = this.#waiting;
    if (events.length === 0) return this.#sending;
    this.#waiting = [];
    const before = this.#sending;
    const sent = this.#backend.report(events).catch((error: unknown) => {
      const { status = 500 } = error as Partial<LimiError>;
      if (status < 500 && status !== 429) this.#enabled = false;
    });
    this.#sending = before.then(() => sent);
    return this.#sending;
  }
}
