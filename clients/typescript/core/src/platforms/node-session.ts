/**
 * A session by WebSocket where there are no devices: sound that comes is measured and handed on.
 *
 * @module
 */

import type { SessionObserver, SessionRequest, VoiceSession } from '../platform.ts';
import { loudnessOf } from './loudness.ts';
import { OfficialSession } from './official.ts';
import type { SDK } from './official.ts';

export class NodeSession extends OfficialSession implements VoiceSession {
  #level = 0;

  constructor(
    sdk: SDK,
    request: SessionRequest,
    observer: SessionObserver,
    onAudio: ((pcm16: ArrayBuffer) => void) | undefined,
  ) {
    const transport = new sdk.OpenAIRealtimeWebSocket();
    super(sdk, transport, request, observer);
    transport.on('audio', ({ data }) => {
      this.#level = loudnessOf(new Int16Array(data), 0x8000);
      onAudio?.(data);
    });
  }

  outputLevel(): number {
    return this.#level;
  }

  /** There is one only, which is none. */
  replaceMicrophone(): void {
    // Nothing is recorded here.
  }
}
