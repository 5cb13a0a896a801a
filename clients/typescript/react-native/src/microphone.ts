/**
 * The phone's microphone.
 *
 * @module
 */
import { MicrophoneProblem } from '@limi-ai/client';
import type { Microphone } from '@limi-ai/client';
import { PermissionsAndroid, Platform } from 'react-native';
import { mediaDevices } from 'react-native-webrtc';
import type { MediaStream, MediaStreamTrack } from 'react-native-webrtc';

/** What react-native-webrtc names a refusal; the others mean that there is no usable device. */
const REFUSALS: readonly unknown[] = ['NotAllowedError', 'SecurityError', 'PermissionDeniedError'];

export class PhoneMicrophone implements Microphone {
  readonly stream: MediaStream;
  readonly #track: MediaStreamTrack;
  #onLost: (() => void) | null = null;
  #level: () => number = () => 0;

  constructor(stream: MediaStream, track: MediaStreamTrack) {
    this.stream = stream;
    this.#track = track;
    track.addEventListener('ended', this.#ended);
  }

  get live(): boolean {
    return this.#track.readyState === 'live';
  }

  mute(on: boolean): void {
    this.#track.enabled = !on;
  }

  level(): number {
    return this.live ? this.#level() : 0;
  }

  /** Its loudness is known only to the connection that it speaks into. */
  measureBy(level: () => number): void {
    this.#level = level;
  }

  onLost(listener: () => void): void {
    this.#onLost = listener;
  }

  close(): void {
    this.#track.removeEventListener('ended', this.#ended);
    this.#onLost = null;
    for (const track of this.stream.getTracks()) track.stop();
    this.stream.release();
  }

  readonly #ended = (): void => {
    this.#onLost?.();
  };
}

/** Ask for the microphone; the person may take a while to answer. */
export async function openMicrophone(): Promise<PhoneMicrophone> {
  await askAndroid();
  let stream: MediaStream;
  try {
    stream = await mediaDevices.getUserMedia({ audio: true });
  } catch (cause) {
    // What react-native-webrtc rejects with has a name, yet is no Error.
    const { name } = (cause ?? {}) as { name?: unknown };
    throw new MicrophoneProblem(REFUSALS.includes(name) ? 'microphone_denied' : 'microphone_missing', cause);
  }
  const track = stream.getAudioTracks()[0];
  if (track === undefined) throw new MicrophoneProblem('microphone_missing');
  return new PhoneMicrophone(stream, track);
}

/** Android wants to be asked by the application; iOS asks by itself, with the words of Info.plist. */
async function askAndroid(): Promise<void> {
  if (Platform.OS !== 'android') return;
  const { PERMISSIONS, RESULTS } = PermissionsAndroid;
  const answer = await PermissionsAndroid.request(PERMISSIONS.RECORD_AUDIO);
  if (answer !== RESULTS.GRANTED) throw new MicrophoneProblem('microphone_denied', answer);
}
