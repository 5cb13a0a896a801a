/**
 * How loud sound is, measured by the browser's own analyser.
 *
 * @module
 */

import { loudnessOf } from '../loudness.ts';

/** 43 ms at 48 kHz: short enough to move with syllables. */
const WINDOW = 2048;

/** Measures what is connected to its node. */
export class Gauge {
  readonly node: AnalyserNode;
  readonly #samples = new Float32Array(WINDOW);

  constructor(context: AudioContext) {
    this.node = context.createAnalyser();
    this.node.fftSize = WINDOW;
  }

  level(): number {
    this.node.getFloatTimeDomainData(this.#samples);
    return loudnessOf(this.#samples);
  }
}

/** Measures a stream from the first time it is asked; a page without a meter pays nothing. */
export class Meter {
  readonly #stream: MediaStream;
  #context: AudioContext | null = null;
  #gauge: Gauge | null = null;

  constructor(stream: MediaStream) {
    this.#stream = stream;
  }

  level(): number {
    this.#gauge ??= this.#start();
    return this.#gauge.level();
  }

  close(): void {
    void this.#context?.close();
    this.#context = null;
  }

  #start(): Gauge {
    this.#context = new AudioContext();
    // A page that was not clicked on yet starts suspended, which shows silence.
    void this.#context.resume();
    const gauge = new Gauge(this.#context);
    this.#context.createMediaStreamSource(this.#stream).connect(gauge.node);
    return gauge;
  }
}
