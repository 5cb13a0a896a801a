import { OpenAIRealtimeWebSocket, type RealtimeSession } from '@openai/agents-realtime';
import type { Medium } from '../agents/medium.ts';
import { silence, speech } from './speech.ts';
import { hangUp, socketUrl, target } from './target.ts';

const CHUNK_BYTES = 4800;

/** `@openai/agents-realtime` in Node: a WebSocket, and sound that the application hands over. */
export class NodeMedium implements Medium {
  readonly firstSound = 'response.output_audio.delta';
  readonly serverTruncates = false;
  readonly key: string;
  readonly callId: string | undefined;

  constructor(key: string, callId?: string) {
    this.key = key;
    this.callId = callId;
  }

  makeTransport(): OpenAIRealtimeWebSocket {
    return new OpenAIRealtimeWebSocket();
  }

  url(callId?: string): string {
    return socketUrl(target().url, callId ? `call_id=${callId}` : `model=${target().model}`);
  }

  connected(): Promise<void> {
    return Promise.resolve();
  }

  speak(session: RealtimeSession): Promise<void> {
    this.#send(session, Buffer.concat([speech(), silence(2)]));
    return Promise.resolve();
  }

  hush(session: RealtimeSession): Promise<void> {
    this.#send(session, silence(1));
    return Promise.resolve();
  }

  soundHeard(): Promise<number> {
    return Promise.resolve(0); // The conversation counts the SDK's `audio` events.
  }

  async hangUp(): Promise<void> {
    if (this.callId === undefined) throw new Error('there is no call to hang up');
    await hangUp(this.callId, target().url);
  }

  #send(session: RealtimeSession, sound: Buffer): void {
    for (let start = 0; start < sound.length; start += CHUNK_BYTES) {
      session.sendAudio(new Uint8Array(sound.subarray(start, start + CHUNK_BYTES)).buffer);
    }
  }
}
