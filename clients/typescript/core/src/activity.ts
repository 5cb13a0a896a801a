/**
 * Whether somebody speaks, read off the Realtime API's events: a renewal waits for silence.
 *
 * @module
 */

import type { ServerEvent } from './platform.ts';

type Source = 'user' | 'response' | 'sound';

const BEGINNINGS: Readonly<Record<string, Source>> = {
  'input_audio_buffer.speech_started': 'user',
  'response.created': 'response',
  'output_audio_buffer.started': 'sound',
};

const ENDS: Readonly<Record<string, Source>> = {
  'input_audio_buffer.speech_stopped': 'user',
  'response.done': 'response',
  'output_audio_buffer.stopped': 'sound',
  'output_audio_buffer.cleared': 'sound',
};

export class Activity {
  readonly #going = new Set<Source | undefined>();

  get busy(): boolean {
    return this.#going.size > 0;
  }

  clear(): void {
    this.#going.clear();
  }

  /** Take in an event. @returns whether it went from silence to speech or back. */
  receive({ type }: ServerEvent): boolean {
    const before = this.busy;
    if (type in BEGINNINGS) this.#going.add(BEGINNINGS[type]);
    this.#going.delete(ENDS[type]);
    return this.busy !== before;
  }
}
