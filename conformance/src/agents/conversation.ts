import { RealtimeAgent, RealtimeSession, tool, type RealtimeItem } from '@openai/agents-realtime';
import type { RealtimeServerEvent } from 'openai/resources/realtime/realtime';
import { z } from 'zod';
import { EventLog, type EventOf } from '../event-log.ts';
import { SAYINGS } from '../scenarios.ts';
import type { Medium } from './medium.ts';

const PAUSE_MS = 1000;

/** One `RealtimeSession` with everything it told us. */
export class Conversation {
  readonly log = new EventLog();
  readonly session: RealtimeSession;
  readonly errors: unknown[] = [];
  readonly citiesAsked: string[] = [];
  interruptions = 0;
  connection = 'new';
  audioBytes = 0;
  readonly #medium: Medium;

  constructor(medium: Medium) {
    this.#medium = medium;
    const weather = tool({
      name: 'get_weather',
      description: 'Tells the weather of a city.',
      parameters: z.object({ city: z.string() }),
      execute: ({ city }) => {
        this.citiesAsked.push(city);
        return SAYINGS.forecast;
      },
    });
    const agent = new RealtimeAgent({
      name: 'Tester',
      instructions: SAYINGS.instructions,
      tools: [weather],
    });
    this.session = new RealtimeSession(agent, {
      transport: medium.makeTransport(),
      tracingDisabled: true,
    });
    const { session } = this;
    session.transport.on('*', (event) => {
      // What the SDK calls any event is checked against the SDK's types once the scenario is over.
      this.log.add(event as unknown as RealtimeServerEvent);
    });
    session.transport.on('connection_change', (status) => {
      this.connection = status;
    });
    session.on('audio', (event) => {
      this.audioBytes += event.data.byteLength;
    });
    session.on('audio_interrupted', () => {
      this.interruptions += 1;
    });
    session.on('error', (error) => {
      this.errors.push(error.error);
    });
  }

  /** Connects as far as the SDK waits: over a socket that is before the key was looked at. */
  async open(): Promise<void> {
    const { key, callId } = this.#medium;
    await this.session.connect({ apiKey: key, url: this.#medium.url(callId) });
    await this.#medium.connected(this.session);
  }

  async connect(): Promise<EventOf<'session.updated'>> {
    await this.open();
    return await this.log.until('session.updated');
  }

  /** Waits for a response to be over and returns it, with its words. */
  async answer(
    status = 'completed',
  ): Promise<{ response: EventOf<'response.done'>['response']; words: string }> {
    const { response } = await this.log.until('response.done');
    if (response.status !== status) {
      throw new Error(`the response is ${JSON.stringify(response.status_details ?? response.status)}`);
    }
    return { response, words: spokenWords(response) };
  }

  /** Lets the utterance that has begun be heard to its end, and silence from then on. */
  async finishUtterance(): Promise<void> {
    do {
      await this.log.holds('end of speech', () => !this.log.speaking);
      // A pause in the recording is shorter than this, and the one before it starts again is longer.
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    } while (this.log.speaking);
    await this.#medium.hush(this.session);
  }

  /** Waits for the answer to all that was spoken. */
  async spokenAnswer(): Promise<{ response: EventOf<'response.done'>['response']; words: string }> {
    await this.finishUtterance();
    const response = await this.log.spokenAnswer();
    return { response, words: spokenWords(response) };
  }

  /** Waits until the SDK's own history has an item that fits: it is brought up to date after the events. */
  async remembers(what: string, fits: (item: RealtimeItem) => boolean): Promise<void> {
    await this.log.holds(`${what} in the history`, () => this.session.history.some(fits));
  }

  async hears(more = 0): Promise<void> {
    let heard = 0;
    await this.log.holds('sound', () => {
      void this.#medium.soundHeard(this.session).then((sound) => (heard = sound));
      return Math.max(heard, this.audioBytes) > more;
    });
  }
}

function spokenWords(response: EventOf<'response.done'>['response']): string {
  const words: string[] = [];
  for (const item of response.output ?? []) {
    if (item.type !== 'message' || item.role !== 'assistant') continue;
    for (const part of item.content) words.push(part.transcript ?? part.text ?? '');
  }
  return words.join(' ');
}
