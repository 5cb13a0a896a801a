/**
 * The browser's microphone.
 *
 * @module
 */

import { MicrophoneProblem } from '../../platform.ts';
import type { Microphone } from '../../platform.ts';
import { Meter } from './meter.ts';

/** What browsers name a refusal; the others mean that there is no usable device. */
const REFUSALS: readonly string[] = ['NotAllowedError', 'SecurityError', 'PermissionDeniedError'];

export class BrowserMicrophone implements Microphone {
  readonly stream: MediaStream;
  readonly #track: MediaStreamTrack;
  readonly #meter: Meter;
  #onLost: (() => void) | null = null;

  constructor(stream: MediaStream, track: MediaStreamTrack) {
    this.stream = stream;
    this.#track = track;
    this.#meter = new Meter(stream);
    track.addEventListener('ended', this.#ended);
  }

  get live(): boolean {
    return this.#track.readyState === 'live';
  }

  mute(on: boolean): void {
    this.#track.enabled = !on;
  }

  level(): number {
    return this.#meter.level();
  }

  onLost(listener: () => void): void {
    this.#onLost = listener;
  }

  close(): void {
    this.#track.removeEventListener('ended', this.#ended);
    this.#onLost = null;
    for (const track of this.stream.getTracks()) track.stop();
    this.#meter.close();
  }

  readonly #ended = (): void => {
    this.#onLost?.();
  };
}

/** Ask for the microphone; the person may take a while to answer. */
export async function openMicrophone(): Promise<BrowserMicrophone> {
  // Pages that are not secure have no media devices at all, whatever the types say.
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (devices === undefined) throw new Error('There are no media devices: the page is not a secure context.');
  try {
    const stream = await devices.getUserMedia({
      audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
    });
    const track = stream.getAudioTracks()[0];
    if (track === undefined) throw new MicrophoneProblem('microphone_missing');
    return new BrowserMicrophone(stream, track);
  } catch (cause) {
    if (cause instanceof MicrophoneProblem) throw cause;
    const denied = cause instanceof Error && REFUSALS.includes(cause.name);
    throw new MicrophoneProblem(denied ? 'microphone_denied' : 'microphone_missing', cause);
  }
}

/** Stands in where the microphone went away: a peer connection wants a track to begin with. */
export function silence(): { stream: MediaStream; close(): void } {
  const context = new AudioContext();
  const { stream } = context.createMediaStreamDestination();
  return { stream, close: () => void context.close() };
}
