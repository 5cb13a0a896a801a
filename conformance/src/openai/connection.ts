import assert from 'node:assert/strict';
import { once } from 'node:events';
import OpenAI from 'openai';
import type { RealtimeClientEvent } from 'openai/resources/realtime/realtime';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import { EventLog, type EventOf } from '../event-log.ts';
import { silence, speech } from '../host/speech.ts';
import { target } from '../host/target.ts';
import { SAYINGS } from '../scenarios.ts';

const CHUNK_BYTES = 4800;
type Response = EventOf<'response.done'>['response'];

/** A client for the API over TLS, which the package's sockets insist on. */
export function clientOverTls(key: string): OpenAI {
  const { tlsUrl } = target();
  // The package would fall back to OpenAI's own address.
  if (!tlsUrl.startsWith('https://')) throw new Error(`no address over TLS: '${tlsUrl}'`);
  return new OpenAI({ apiKey: key, baseURL: tlsUrl, maxRetries: 0 });
}

/** One `OpenAIRealtimeWS` with everything it told us. */
export class Connection {
  readonly log = new EventLog();
  readonly errors: Error[] = [];
  readonly socket: OpenAIRealtimeWS;
  closeCode: number | undefined;

  constructor(key: string, options: { callID?: string; reconnect?: boolean } = {}) {
    const { callID, reconnect = false } = options;
    this.socket = callID
      ? new OpenAIRealtimeWS({ callID }, clientOverTls(key))
      : new OpenAIRealtimeWS({ model: target().model, reconnect }, clientOverTls(key));
    this.socket.on('event', (event) => {
      this.log.add(event);
    });
    this.socket.on('error', (error) => this.errors.push(error));
    this.socket.socket.on('close', (code) => {
      this.closeCode = code;
    });
  }

  /** Opens a session with the settings that all scenarios share. */
  async connect(): Promise<EventOf<'session.updated'>> {
    await once(this.socket.socket, 'open');
    await this.log.until('session.created');
    return await this.settle();
  }

  async settle(instructions: string = SAYINGS.instructions): Promise<EventOf<'session.updated'>> {
    this.socket.send({
      type: 'session.update',
      session: {
        type: 'realtime',
        instructions,
        audio: {
          // Semantic detection, because a pause for breath in the recording must not end the turn.
          input: {
            transcription: { model: 'gpt-4o-mini-transcribe' },
            turn_detection: { type: 'semantic_vad' },
          },
        },
        tools: [
          {
            type: 'function',
            name: 'get_weather',
            description: 'Tells the weather of a city.',
            parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
          },
        ],
      },
    });
    return await this.log.until('session.updated');
  }

  type(text: string): void {
    const content = [{ type: 'input_text' as const, text }];
    this.send({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content } });
    this.send({ type: 'response.create' });
  }

  speak(): void {
    const sound = Buffer.concat([speech(), silence(2)]);
    for (let start = 0; start < sound.length; start += CHUNK_BYTES) {
      const audio = sound.subarray(start, start + CHUNK_BYTES).toString('base64');
      this.send({ type: 'input_audio_buffer.append', audio });
    }
  }

  send(event: RealtimeClientEvent): void {
    this.socket.send(event);
  }

  async answer(status = 'completed'): Promise<{ response: Response; words: string }> {
    const { response } = await this.log.until('response.done');
    assert.equal(response.status, status, JSON.stringify(response.status_details));
    return { response, words: spokenWords(response) };
  }

  async spokenAnswer(): Promise<{ response: Response; words: string }> {
    const response = await this.log.spokenAnswer();
    return { response, words: spokenWords(response) };
  }

  async banana(): Promise<void> {
    this.type(SAYINGS.banana);
    assert.match((await this.answer()).words, /banana/i);
  }

  close(): void {
    this.socket.close();
  }
}

function spokenWords(response: Response): string {
  const words: string[] = [];
  for (const item of response.output ?? []) {
    if (item.type !== 'message' || item.role !== 'assistant') continue;
    for (const part of item.content) words.push(part.transcript ?? part.text ?? '');
  }
  return words.join(' ');
}
