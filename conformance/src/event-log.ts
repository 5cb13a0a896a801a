import type { RealtimeServerEvent } from 'openai/resources/realtime/realtime';

type EventType = RealtimeServerEvent['type'];
export type EventOf<T extends EventType> = Extract<RealtimeServerEvent, { type: T }>;

/** Longest wait for one event: far above what a busy machine needs, and below any runner's own limit. */
const PATIENCE_MS = 30_000;

interface Waiting {
  look: () => boolean;
  fail: (reason: Error) => void;
}

/** The events a client received, in order, and a way to wait for the next of a kind. */
export class EventLog {
  readonly events: RealtimeServerEvent[] = [];
  readonly #waiting = new Set<Waiting>();
  #next = 0;

  add(event: RealtimeServerEvent): void {
    this.events.push(event);
    this.#look();
  }

  /** Waits for the next event of a type that also fits, and goes on behind it. */
  async until<T extends EventType>(
    type: T,
    fits: (event: EventOf<T>) => boolean = () => true,
  ): Promise<EventOf<T>> {
    const [index, event] = await this.#find(type, fits, () => this.#next);
    this.#next = Math.max(this.#next, index + 1);
    return event;
  }

  /** Waits for an event of a type wherever it stands, for those whose place is not fixed. */
  async ever<T extends EventType>(
    type: T,
    fits: (event: EventOf<T>) => boolean = () => true,
  ): Promise<EventOf<T>> {
    const [, event] = await this.#find(type, fits, () => 0);
    return event;
  }

  /** Whether somebody has begun to speak and not been heard to stop. */
  get speaking(): boolean {
    const last = this.events.findLast(({ type }) => type.startsWith('input_audio_buffer.speech_'));
    return last?.type === 'input_audio_buffer.speech_started';
  }

  /**
   * Waits for the answer to all that was spoken.
   *
   * Whoever listens may take a pause for the end, begin to answer, and be interrupted by the rest; so it is the
   * answer to the last turn.
   */
  async spokenAnswer(): Promise<EventOf<'response.done'>['response']> {
    let answer: EventOf<'response.done'>['response'] | undefined;
    await this.holds('spoken answer', () => {
      const turn = this.events.findLastIndex(({ type }) => type === 'input_audio_buffer.committed');
      const since = turn < 0 || this.speaking ? [] : this.events.slice(turn);
      answer = since.find((event) => event.type === 'response.done')?.response;
      return answer?.status === 'completed';
    });
    if (!answer) throw new Error('the answer was found and lost');
    return answer;
  }

  /** Waits until something holds that is looked at whenever an event arrives, and ten times a second. */
  async holds(what: string, look: () => boolean): Promise<void> {
    await this.#wait(what, look);
  }

  async #find<T extends EventType>(
    type: T,
    fits: (event: EventOf<T>) => boolean,
    from: () => number,
  ): Promise<[number, EventOf<T>]> {
    const start = from();
    let found: [number, EventOf<T>] | undefined;
    await this.#wait(type, () => {
      for (let index = start; index < this.events.length; index += 1) {
        const event = this.events[index] as EventOf<T>;
        if (event.type === type && fits(event)) {
          found = [index, event];
          return true;
        }
      }
      return false;
    });
    if (!found) throw new Error(`${type} was found and lost`);
    return found;
  }

  async #wait(what: string, look: () => boolean): Promise<void> {
    if (look()) return;
    await new Promise<void>((resolve, reject) => {
      const waiting: Waiting = { look, fail: reject };
      const end = (): void => {
        clearTimeout(limit);
        clearInterval(glance);
        this.#waiting.delete(waiting);
      };
      const limit = setTimeout(() => {
        end();
        reject(new Error(`no ${what} within ${PATIENCE_MS / 1000} s; ${this.#story()}`));
      }, PATIENCE_MS);
      waiting.look = () => {
        if (!look()) return false;
        end();
        resolve();
        return true;
      };
      const glance = setInterval(() => waiting.look(), 100);
      this.#waiting.add(waiting);
    });
  }

  #look(): void {
    for (const waiting of [...this.#waiting]) waiting.look();
  }

  #story(): string {
    const names = this.events.slice(-12).map((event) => event.type);
    const errors = this.events.filter((event) => event.type === 'error').map((event) => event.error.message);
    return `last: ${names.join(', ') || 'nothing'}${errors.length ? `; errors: ${errors.join(' | ')}` : ''}`;
  }
}
