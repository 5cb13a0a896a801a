/**
 * A session by WebRTC: the browser carries the sound both ways.
 *
 * @module
 */

import type { OpenAIRealtimeWebRTC } from '@openai/agents-realtime';
import type { Microphone, SessionObserver, SessionRequest, VoiceSession } from '../../platform.ts';
import { guardAnswer } from '../answer.ts';
import { leaveToProfile, OfficialSession } from '../official.ts';
import type { SDK } from '../official.ts';
import { Meter } from './meter.ts';
import { BrowserMicrophone, silence } from './microphone.ts';

export class WebRTCSession extends OfficialSession implements VoiceSession {
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

  static make(sdk: SDK, request: SessionRequest, observer: SessionObserver): WebRTCSession {
    const media = new Media(request.microphone, observer);
    const official = new sdk.OpenAIRealtimeWebRTC({
      mediaStream: media.stream,
      audioElement: media.element,
      changePeerConnection: (connection) => media.watch(connection),
    });
    const transport = leaveToProfile(official, request);
    const session = new WebRTCSession(sdk, transport, request, observer, media);
    media.onEnd = () => {
      session.closed();
    };
    media.dataChannelOf = () => transport.connectionState.dataChannel;
    return session;
  }

  override async open(): Promise<void> {
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

/** The peer connection's sound, and what it tells of itself beyond what the official transport listens to. */
class Media {
  readonly stream: MediaStream;
  readonly element = document.createElement('audio');
  onEnd: () => void = () => undefined;
  dataChannelOf: () => RTCDataChannel | undefined = () => undefined;
  readonly #observer: SessionObserver;
  readonly #silence: ReturnType<typeof silence> | null;
  readonly #listening = new AbortController();
  #connection: RTCPeerConnection | null = null;
  #meter: Meter | null = null;

  constructor(microphone: Microphone | null, observer: SessionObserver) {
    this.#observer = observer;
    this.#silence = microphone instanceof BrowserMicrophone ? null : silence();
    this.stream =
      microphone instanceof BrowserMicrophone ? microphone.stream : (this.#silence ?? silence()).stream;
    // iOS shows a player in full screen otherwise.
    this.element.setAttribute('playsinline', '');
  }

  watch(connection: RTCPeerConnection): RTCPeerConnection {
    const { signal } = this.#listening;
    this.#connection = connection;
    guardAnswer(connection);
    connection.addEventListener(
      'connectionstatechange',
      () => {
        const { connectionState } = connection;
        if (connectionState === 'disconnected') this.#observer.onUnsteady(true);
        if (connectionState === 'connected') this.#observer.onUnsteady(false);
      },
      { signal },
    );
    connection.addEventListener(
      'track',
      ({ streams }) => {
        if (streams[0] !== undefined) this.#meter = new Meter(streams[0]);
      },
      { signal },
    );
    return connection;
  }

  /** A server that hangs up closes the channel at once; the connection itself would notice only after seconds. */
  watchChannel(): void {
    const channel = this.dataChannelOf();
    const end = (): void => {
      this.onEnd();
    };
    channel?.addEventListener('close', end, { signal: this.#listening.signal });
    if (channel !== undefined && channel.readyState !== 'open') end();
  }

  replace(microphone: Microphone): void {
    if (!(microphone instanceof BrowserMicrophone)) return;
    const sender = this.#connection?.getSenders()[0];
    const track = microphone.stream.getAudioTracks()[0] ?? null;
    // It fails on a connection that closes at this moment, which is told otherwise.
    sender?.replaceTrack(track).catch(() => undefined);
  }

  outputLevel(): number {
    return this.#meter?.level() ?? 0;
  }

  close(): void {
    this.#listening.abort();
    this.#meter?.close();
    this.#meter = null;
    this.#silence?.close();
    this.element.pause();
    this.element.srcObject = null;
  }
}
