/**
 * A session by WebRTC, on react-native-webrtc: the native side carries the sound both ways and plays it by itself.
 *
 * @module
 */
import { SessionProblem } from '@limi-ai/client';
import type { Microphone, SessionObserver, SessionRequest, VoiceSession } from '@limi-ai/client';
import { PeerSession } from '@limi-ai/client/platform-kit';
import type { PeerSound, SDK } from '@limi-ai/client/platform-kit';
import { RTCPeerConnection as PhoneConnection } from 'react-native-webrtc';
import { openMicrophone, PhoneMicrophone } from './microphone.ts';
import { StatsMeter } from './stats-meter.ts';
import type { AudioSession } from './types.ts';

/** Make one that is not open yet. Without a microphone it takes one that is muted, for the transport wants a track. */
export async function makeSession(
  sdk: SDK,
  request: SessionRequest,
  observer: SessionObserver,
  audio: AudioSession | undefined,
): Promise<VoiceSession> {
  provideConstructor();
  checkURL();
  const { microphone } = request;
  const borrowed = microphone instanceof PhoneMicrophone;
  const sound = new PhoneSound(borrowed ? microphone : await openSilence(), borrowed, audio);
  return new PeerSession(sdk, request, observer, sound);
}

async function openSilence(): Promise<PhoneMicrophone> {
  const silent = await openMicrophone();
  silent.mute(true);
  return silent;
}

/** The official transport looks for the constructor among the globals only, where browsers have it. */
function provideConstructor(): void {
  (globalThis as { RTCPeerConnection?: unknown }).RTCPeerConnection ??= PhoneConnection;
}

/**
 * Some versions of React Native end every address in a slash, which makes it another one
 * (https://github.com/facebook/react-native/issues/24428).
 */
function checkURL(): void {
  const address = 'https://example.com/calls';
  if (new URL(address).href === address) return;
  const advice = new Error("URL is incomplete here: import 'react-native-url-polyfill/auto' first.");
  throw new SessionProblem('webrtc_connection_failed', advice);
}

class PhoneSound implements PeerSound {
  /** react-native-webrtc has the browser's interface, as far as the transport uses it, but not its types. */
  readonly stream: MediaStream;
  /** The official transport puts the sound into an element of the page; here nothing reads it. */
  readonly element = { autoplay: true } as HTMLAudioElement;
  readonly #microphone: PhoneMicrophone;
  /** Whether the microphone is the conversation's, which gives it back itself. */
  readonly #borrowed: boolean;
  readonly #audio: AudioSession | undefined;
  #meter: StatsMeter | null = null;
  #begun = false;

  constructor(microphone: PhoneMicrophone, borrowed: boolean, audio: AudioSession | undefined) {
    this.stream = microphone.stream as unknown as MediaStream;
    this.#microphone = microphone;
    this.#borrowed = borrowed;
    this.#audio = audio;
  }

  begin(): void {
    this.#begun = true;
    this.#audio?.start({ media: 'audio' });
  }

  watch(connection: RTCPeerConnection): void {
    this.#meter = new StatsMeter(connection);
    this.#measure(this.#microphone);
  }

  trackOf(microphone: Microphone): MediaStreamTrack | undefined {
    if (!(microphone instanceof PhoneMicrophone)) return undefined;
    this.#measure(microphone);
    return microphone.stream.getAudioTracks()[0] as unknown as MediaStreamTrack | undefined;
  }

  level(): number {
    return this.#meter?.output() ?? 0;
  }

  close(): void {
    this.#meter?.close();
    if (!this.#borrowed) this.#microphone.close();
    if (this.#begun) this.#audio?.stop();
    this.#begun = false;
  }

  #measure(microphone: PhoneMicrophone): void {
    microphone.measureBy(() => this.#meter?.input() ?? 0);
  }
}
