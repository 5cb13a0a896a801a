/**
 * From the sound card's rate to the Realtime API's 24 kHz, as 16-bit PCM.
 *
 * @module
 */

export const RATE = 24_000;

/**
 * Averages the samples that fall together, which is filter enough for speech: what aliases lies above 12 kHz.
 */
export class Resampler {
  readonly #step: number;
  /** Where the next output sample begins, counted in input samples from the beginning of the next block. */
  #position = 0;
  #sum = 0;
  #count = 0;

  constructor(rate: number) {
    this.#step = rate / RATE;
  }

  /** Take in a block; what does not fill an output sample is kept for the next. */
  take(block: Float32Array): Int16Array<ArrayBuffer> {
    const out = new Int16Array(Math.ceil(block.length / this.#step) + 1);
    let length = 0;
    for (let index = 0; index < block.length; index += 1) {
      this.#sum += block[index] ?? 0;
      this.#count += 1;
      // A rate below 24 kHz gives one input sample to several output samples.
      while (index + 1 >= this.#position + this.#step) {
        out[length] = toPcm16(this.#count === 0 ? (block[index] ?? 0) : this.#sum / this.#count);
        length += 1;
        this.#position += this.#step;
        this.#sum = 0;
        this.#count = 0;
      }
    }
    this.#position -= block.length;
    return out.slice(0, length);
  }
}

function toPcm16(sample: number): number {
  return Math.round(Math.min(1, Math.max(-1, sample)) * 0x7fff);
}

/** The other way: samples between -1 and 1. */
export function fromPcm16(pcm16: ArrayBuffer): Float32Array<ArrayBuffer> {
  return Float32Array.from(new Int16Array(pcm16), (sample) => sample / 0x8000);
}
