/**
 * A session by WebSocket in a browser: the official transport carries events only, so sound is recorded and played
 * here. It is loaded when it is needed, for most conversations never need it.
 *
 * @module
 */

import type { Microphone, SessionObserver, SessionRequest, VoiceSession } from '../../platform.ts';
import { OfficialSession } from '../official.ts';
import type { SDK } from '../official.ts';
import { captureNode } from './capture.ts';
import { BrowserMicrophone } from './microphone.ts';
import { Player } from './player.ts';
import { Resampler } from './resampler.ts';

export class WebSocketSession extends OfficialSession implements VoiceSession {
  readonly #context = new AudioContext();
  readonly #player: Player;
  #microphone: Microphone | null;
  #source: MediaStreamAudioSourceNode | null = null;
  #capture: AudioNode | null = null;

  constructor(sdk: SDK, request: SessionRequest, observer: SessionObserver) {
    const transport = new sdk.OpenAIRealtimeWebSocket();
    super(sdk, transport, request, observer);
    this.#microphone = request.microphone;
    this.#player = new Player(this.#context, (playing) => {
      // By WebRTC the server tells these, for it is the one that plays.
      observer.onServerEvent({ type: `output_audio_buffer.${playing ? 'started' : 'stopped'}` });
    });
    transport.on('audio', ({ data }) => {
      this.#player.play(data);
    });
    transport.on('audio_interrupted', () => {
      this.#player.stop();
    });
  }

  override async open(): Promise<void> {
    void this.#context.resume();
    const resampler = new Resampler(this.#context.sampleRate);
    const capture = await captureNode(this.#context, (block) => {
      this.sendAudio(resampler.take(block).buffer);
    });
    await super.open();
    this.#capture = capture;
    this.#listen();
  }

  override close(): void {
    if (this.isOver) return;
    super.close();
    this.#player.stop();
    this.#source?.disconnect();
    void this.#context.close();
  }

  outputLevel(): number {
    return this.#player.level();
  }

  replaceMicrophone(microphone: Microphone): void {
    this.#microphone = microphone;
    this.#listen();
  }

  #listen(): void {
    this.#source?.disconnect();
    this.#source = null;
    if (this.#capture === null || !(this.#microphone instanceof BrowserMicrophone)) return;
    this.#source = this.#context.createMediaStreamSource(this.#microphone.stream);
    this.#source.connect(this.#capture);
  }
}
