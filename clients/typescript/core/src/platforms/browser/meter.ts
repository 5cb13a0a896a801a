/**
 * How loud a stream is, measured by the browser's own analyser.
 *
 * @module
 */

import { loudnessOf } from '../loudness.ts';

/** 43 ms at 48 kHz: short enough to move with syllables. */
const WINDOW = 2048;

/** Measures from the first time it is asked; a page without a meter pays nothing. */
export class Meter {
  readonly #stream: MediaStream;
  #context: AudioContext | null = null;
  #analyser: AnalyserNode | null = null;
  readonly #samples = new Float32Array(WINDOW);

  constructor(stream: MediaStream) {
    this.#stream = stream;
  }

  level(): number {
    this.#analyser ??= this.#start();
    this.#analyser.getFloatTimeDomainData(this.#samples);
    return loudnessOf(this.#samples);
  }

  close(): void {
    void this.#context?.close();
    this.#context = null;
  }

  #start(): AnalyserNode {
    this.#context = new AudioContext();
    // A page that was not clicked on yet starts suspended, which shows silence.
    void this.#context.resume();
    const analyser = this.#context.createAnalyser();
    analyser.fftSize = WINDOW;
    this.#context.createMediaStreamSource(this.#stream).connect(analyser);
    return analyser;
  }
}
