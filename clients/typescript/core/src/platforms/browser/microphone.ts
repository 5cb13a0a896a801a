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
  readonly track: MediaStreamTrack;
  readonly #meter: Meter;

  constructor(stream: MediaStream, track: MediaStreamTrack) {
    this.stream = stream;
    this.track = track;
    this.#meter = new Meter(stream);
  }

  mute(on: boolean): void {
    this.track.enabled = !on;
  }

  level(): number {
    return this.#meter.level();
  }

  onLost(listener: () => void): void {
    this.track.onended = listener;
  }

  close(): void {
    this.track.onended = null;
    for (const track of this.stream.getTracks()) track.stop();
    this.#meter.close();
  }
}

/** Ask for the microphone; the person may take a while to answer. */
export async function openMicrophone(): Promise<BrowserMicrophone> {
  const devices = mediaDevices();
  if (devices === undefined) throw new Error('Serve the page by https or from localhost');
  const audio = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
  const stream = await devices.getUserMedia({ audio }).catch((cause: unknown) => {
    const denied = cause instanceof Error && REFUSALS.includes(cause.name);
    throw new MicrophoneProblem(denied ? 'microphone_denied' : 'microphone_missing', cause);
  });
  const [track] = stream.getAudioTracks();
  if (track === undefined) throw new MicrophoneProblem('microphone_missing');
  return new BrowserMicrophone(stream, track);
}

/** Pages that are not secure have no media devices at all, whatever the types say. */
export function mediaDevices(): MediaDevices | undefined {
  return navigator.mediaDevices;
}

/** Stands in where the microphone went away: a peer connection wants a track to begin with. */
export function silence(): { stream: MediaStream; close(): void } {
  const context = new AudioContext();
  const { stream } = context.createMediaStreamDestination();
  return { stream, close: () => void context.close() };
}
