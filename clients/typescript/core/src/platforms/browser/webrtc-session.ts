/**
 * A session by WebRTC: the browser carries the sound both ways.
 *
 * @module
 */

import type { Microphone, SessionObserver, SessionRequest } from '../../platform.ts';
import type { SDK } from '../official.ts';
import { PeerSession } from '../peer.ts';
import type { PeerSound } from '../peer.ts';
import { Meter } from './meter.ts';
import { BrowserMicrophone, silence } from './microphone.ts';

export class WebRTCSession extends PeerSession {
  constructor(sdk: SDK, request: SessionRequest, observer: SessionObserver) {
    super(sdk, request, observer, new BrowserSound(request.microphone));
  }
}

class BrowserSound implements PeerSound {
  readonly stream: MediaStream;
  readonly element = document.createElement('audio');
  readonly #silence: ReturnType<typeof silence> | null = null;
  #meter: Meter | null = null;

  constructor(microphone: Microphone | null) {
    if (microphone instanceof BrowserMicrophone) {
      this.stream = microphone.stream;
    } else {
      this.#silence = silence();
      this.stream = this.#silence.stream;
    }
    // iOS shows a player in full screen otherwise.
    this.element.setAttribute('playsinline', '');
  }

  trackOf(microphone: Microphone): MediaStreamTrack | undefined {
    return microphone instanceof BrowserMicrophone ? microphone.track : undefined;
  }

  level(): number {
    const heard = this.element.srcObject as MediaStream | null;
    if (heard !== null) this.#meter ??= new Meter(heard);
    return this.#meter?.level() ?? 0;
  }

  close(): void {
    this.#meter?.close();
    this.#meter = null;
    this.#silence?.close();
    this.element.pause();
    this.element.srcObject = null;
  }
}
