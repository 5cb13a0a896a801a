/**
 * A session by WebRTC, on react-native-webrtc: the native side carries the sound both ways and plays it by itself.
 *
 * @module
 */
import { SessionProblem } from '@limi-ai/client';
import type { Microphone, SessionObserver, SessionRequest, VoiceSession } from '@limi-ai/client';
import { guardAnswer, leaveToProfile, OfficialSession } from '@limi-ai/client/platform-kit';
import type { SDK } from '@limi-ai/client/platform-kit';
import type { OpenAIRealtimeWebRTC } from '@openai/agents-realtime';
import { RTCPeerConnection as PhoneConnection } from 'react-native-webrtc';
import { openMicrophone, PhoneMicrophone } from './microphone.ts';
import { StatsMeter } from './stats-meter.ts';
import type { AudioSession } from './types.ts';

/** The official transport puts the sound into an element of the page; here nothing reads it. */
type Element = NonNullable<ConstructorParameters<typeof OpenAIRealtimeWebRTC>[0]>['audioElement'];

export class PhoneSession extends OfficialSession implements VoiceSession {
  readonly #media: Media;

  private constructor(
    sdk: SDK,
    transport: OpenAIRealtimeWebRTC,
    request: SessionRequest,
    observer: SessionObserver,
    media: Media,
  ) {
    super(sdk, transport, request, observer);
    this.#media = media;
  }

  /** Make one that is not open yet. Without a microphone it takes one that is muted, for the transport wants a track. */
  static async make(
    sdk: SDK,
    request: SessionRequest,
    observer: SessionObserver,
    audio: AudioSession | undefined,
  ): Promise<PhoneSession> {
    provideConstructor();
    checkURL();
    const media = new Media(await Media.microphoneOf(request), request, observer, audio);
    const official = new sdk.OpenAIRealtimeWebRTC({
      mediaStream: media.stream,
      audioElement: { autoplay: true } as NonNullable<Element>,
      changePeerConnection: (connection) => media.watch(connection),
    });
    const transport = leaveToProfile(official, request);
    const session = new PhoneSession(sdk, transport, request, observer, media);
    media.onEnd = () => {
      session.closed();
    };
    media.dataChannelOf = () => transport.connectionState.dataChannel;
    return session;
  }

  override async open(): Promise<void> {
    this.#media.begin();
    await super.open();
    this.#media.watchChannel();
  }

  override close(): void {
    super.close();
    this.#media.close();
  }

  outputLevel(): number {
    return this.#media.outputLevel();
  }

  replaceMicrophone(microphone: Microphone): void {
    this.#media.replace(microphone);
  }
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

/** The peer connection's sound, and what it tells of itself beyond what the official transport listens to. */
class Media {
  onEnd: () => void = () => undefined;
  dataChannelOf: () => RTCDataChannel | undefined = () => undefined;
  readonly #microphone: PhoneMicrophone;
  /** Whether the microphone is this session's own, to be given back by it. */
  readonly #borrowed: boolean;
  readonly #observer: SessionObserver;
  readonly #audio: AudioSession | undefined;
  #connection: RTCPeerConnection | null = null;
  #channel: RTCDataChannel | undefined;
  #meter: StatsMeter | null = null;
  #begun = false;

  constructor(
    microphone: PhoneMicrophone,
    request: SessionRequest,
    observer: SessionObserver,
    audio: AudioSession | undefined,
  ) {
    this.#microphone = microphone;
    this.#borrowed = microphone === request.microphone;
    this.#observer = observer;
    this.#audio = audio;
  }

  static async microphoneOf({ microphone }: SessionRequest): Promise<PhoneMicrophone> {
    if (microphone instanceof PhoneMicrophone) return microphone;
    const silent = await openMicrophone();
    silent.mute(true);
    return silent;
  }

  /** react-native-webrtc has the browser's interface, as far as the transport uses it, but not its types. */
  get stream(): MediaStream {
    return this.#microphone.stream as unknown as MediaStream;
  }

  begin(): void {
    this.#begun = true;
    this.#audio?.start({ media: 'audio' });
  }

  watch(connection: RTCPeerConnection): RTCPeerConnection {
    this.#connection = connection;
    this.#meter = new StatsMeter(connection);
    this.#measure(this.#microphone);
    guardAnswer(connection);
    connection.addEventListener('connectionstatechange', this.#changed);
    return connection;
  }

  /** A server that hangs up closes the channel at once; the connection itself would notice only after seconds. */
  watchChannel(): void {
    this.#channel = this.dataChannelOf();
    this.#channel?.addEventListener('close', this.#ended);
    if (this.#channel !== undefined && this.#channel.readyState !== 'open') this.#ended();
  }

  replace(microphone: Microphone): void {
    if (!(microphone instanceof PhoneMicrophone)) return;
    this.#measure(microphone);
    const track = microphone.stream.getAudioTracks()[0] as unknown as MediaStreamTrack | undefined;
    // It fails on a connection that closes at this moment, which is told otherwise.
    this.#connection
      ?.getSenders()[0]
      ?.replaceTrack(track ?? null)
      .catch(() => undefined);
  }

  outputLevel(): number {
    return this.#meter?.output() ?? 0;
  }

  close(): void {
    this.#connection?.removeEventListener('connectionstatechange', this.#changed);
    this.#channel?.removeEventListener('close', this.#ended);
    this.#meter?.close();
    if (!this.#borrowed) this.#microphone.close();
    if (this.#begun) this.#audio?.stop();
    this.#begun = false;
  }

  #measure(microphone: PhoneMicrophone): void {
    microphone.measureBy(() => this.#meter?.input() ?? 0);
  }

  readonly #changed = (): void => {
    const state = this.#connection?.connectionState;
    if (state === 'disconnected') this.#observer.onUnsteady(true);
    if (state === 'connected') this.#observer.onUnsteady(false);
  };

  readonly #ended = (): void => {
    this.onEnd();
  };
}
