/**
 * A session by WebRTC: what the official transport leaves to be done about its peer connection, wherever sound comes
 * from.
 *
 * @module
 */

import type { Microphone, SessionObserver, SessionRequest, VoiceSession } from '../platform.ts';
import { guardAnswer } from './answer.ts';
import { OfficialSession } from './official.ts';
import type { SDK } from './official.ts';

/** Where a session's sound comes from and goes to; each place has its own. */
export interface PeerSound {
  /** What is sent from the beginning. */
  readonly stream: MediaStream;
  /** What the official transport has play the assistant's sound. */
  readonly element: HTMLAudioElement;
  /** Called before the connection is made. */
  begin?(): void;
  /** Called with the connection before it is used. */
  watch?(connection: RTCPeerConnection): void;
  /** The sound of another microphone; undefined where it is none of this place. */
  trackOf(microphone: Microphone): MediaStreamTrack | undefined;
  /** Loudness of the assistant, 0 to 1, of this moment. */
  level(): number;
  /** Is idempotent. */
  close(): void;
}

export class PeerSession extends OfficialSession implements VoiceSession {
  readonly #observer: SessionObserver;
  readonly #sound: PeerSound;
  readonly #channelOf: () => RTCDataChannel | undefined;
  #connection: RTCPeerConnection | undefined;
  #channel: RTCDataChannel | undefined;
  /** One that came before there was a connection to speak into. */
  #nextMicrophone: Microphone | undefined;

  constructor(sdk: SDK, request: SessionRequest, observer: SessionObserver, sound: PeerSound) {
    const transport = new sdk.OpenAIRealtimeWebRTC({
      mediaStream: sound.stream,
      audioElement: sound.element,
      changePeerConnection: (connection) => this.#watch(connection),
    });
    super(sdk, transport, request, observer);
    this.#observer = observer;
    this.#sound = sound;
    this.#channelOf = () => transport.connectionState.dataChannel;
  }

  override async open(): Promise<void> {
    if (!this.isOver) this.#sound.begin?.();
    await super.open();
    // It may have closed in the moment in which the session became open.
    if (this.#channel !== undefined && this.#channel.readyState !== 'open') this.closed();
  }

  override close(): void {
    if (this.isOver) return;
    super.close();
    this.#connection?.removeEventListener('connectionstatechange', this.#changed);
    this.#channel?.removeEventListener('close', this.#ended);
    this.#sound.close();
  }

  outputLevel(): number {
    return this.#sound.level();
  }

  replaceMicrophone(microphone: Microphone): void {
    if (this.#connection === undefined) this.#nextMicrophone = microphone;
    const track = this.#sound.trackOf(microphone);
    const sender = this.#connection?.getSenders()[0];
    // It fails on a connection that closes at this moment, which is told otherwise.
    if (track !== undefined) sender?.replaceTrack(track).catch(() => undefined);
  }

  #watch(connection: RTCPeerConnection): RTCPeerConnection {
    this.#connection = connection;
    this.#sound.watch?.(connection);
    guardAnswer(connection);
    connection.addEventListener('connectionstatechange', this.#changed);
    // A server that hangs up closes the channel at once; the connection itself would notice only after seconds.
    this.#channel = this.#channelOf();
    this.#channel?.addEventListener('close', this.#ended);
    if (this.#nextMicrophone) this.replaceMicrophone(this.#nextMicrophone);
    return connection;
  }

  readonly #changed = (): void => {
    const state = this.#connection?.connectionState;
    if (state === 'disconnected') this.#observer.onUnsteady(true);
    if (state === 'connected') this.#observer.onUnsteady(false);
  };

  readonly #ended = (): void => {
    this.closed();
  };
}
