/**
 * Plays sound that comes in pieces, faster than it is spoken, one piece after the other.
 *
 * @module
 */

import { Gauge } from './meter.ts';
import { fromPcm16, RATE } from './resampler.ts';

/** Room for the next piece to come late. */
const LEAD_SECONDS = 0.05;

export class Player {
  readonly #context: AudioContext;
  readonly #gauge: Gauge;
  readonly #onChange: (playing: boolean) => void;
  readonly #pieces = new Set<AudioBufferSourceNode>();
  /** When what is planned so far ends, on the context's clock. */
  #end = 0;

  constructor(context: AudioContext, onChange: (playing: boolean) => void) {
    this.#context = context;
    this.#onChange = onChange;
    this.#gauge = new Gauge(context);
    this.#gauge.node.connect(context.destination);
  }

  play(pcm16: ArrayBuffer): void {
    const samples = fromPcm16(pcm16);
    if (samples.length === 0) return;
    const buffer = this.#context.createBuffer(1, samples.length, RATE);
    buffer.copyToChannel(samples, 0);
    const piece = this.#context.createBufferSource();
    piece.buffer = buffer;
    piece.connect(this.#gauge.node);
    piece.onended = () => {
      this.#leave(piece);
    };
    this.#pieces.add(piece);
    if (this.#pieces.size === 1) this.#onChange(true);
    const start = Math.max(this.#end, this.#context.currentTime + LEAD_SECONDS);
    piece.start(start);
    this.#end = start + buffer.duration;
  }

  /** Be silent at once, and forget what was still to be played. */
  stop(): void {
    this.#end = 0;
    for (const piece of [...this.#pieces]) {
      piece.onended = null;
      piece.stop();
      this.#leave(piece);
    }
  }

  /** Of what sounds at this moment, 0 to 1. */
  level(): number {
    return this.#gauge.level();
  }

  #leave(piece: AudioBufferSourceNode): void {
    piece.disconnect();
    this.#pieces.delete(piece);
    if (this.#pieces.size === 0) this.#onChange(false);
  }
}
