/**
 * How loud both sides are. React Native has no analyser, but a peer connection's statistics have an `audioLevel`
 * (https://www.w3.org/TR/webrtc-stats/#dom-rtcinboundrtpstreamstats-audiolevel).
 *
 * @module
 */
import { loudnessOf } from '@limi-ai/client/platform-kit';

type Stats = ReadonlyMap<string, Readonly<Record<string, unknown>>>;

/** The part of a peer connection that is measured. */
export interface Measured {
  getStats(): Promise<unknown>;
}

/** Asks for statistics when it is asked itself, one at a time, and answers with the newest. */
export class StatsMeter {
  readonly #connection: Measured;
  #asking = false;
  #closed = false;
  #input = 0;
  #output = 0;

  constructor(connection: Measured) {
    this.#connection = connection;
  }

  input(): number {
    this.#renew();
    return this.#input;
  }

  output(): number {
    this.#renew();
    return this.#output;
  }

  close(): void {
    this.#closed = true;
    this.#input = 0;
    this.#output = 0;
  }

  #renew(): void {
    if (this.#asking || this.#closed) return;
    this.#asking = true;
    this.#connection
      .getStats()
      .then((stats) => {
        if (!this.#closed) this.#read(stats as Stats);
      })
      // A connection that closes at this moment has none, and needs none.
      .catch(() => undefined)
      .finally(() => {
        this.#asking = false;
      });
  }

  #read(stats: Stats): void {
    for (const { type, kind, audioLevel } of stats.values()) {
      if (kind !== 'audio' || typeof audioLevel !== 'number') continue;
      if (type === 'media-source') this.#input = loudnessOf([audioLevel]);
      if (type === 'inbound-rtp') this.#output = loudnessOf([audioLevel]);
    }
  }
}
