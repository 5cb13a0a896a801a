import type { RealtimeSession, RealtimeTransportLayer } from '@openai/agents-realtime';

/** What differs between the places in which `@openai/agents-realtime` runs. */
export interface Medium {
  /** The first event by which an answer can be heard. */
  readonly firstSound: 'response.output_audio.delta' | 'output_audio_buffer.started';
  /** Whether the server knows what was played, and so truncates by itself. */
  readonly serverTruncates: boolean;
  makeTransport(): RealtimeTransportLayer;
  /** Where to connect; `callId` joins a call that is already there. */
  url(callId?: string): string;
  /** Is called as soon as there is a connection: from here on there is silence. */
  connected(session: RealtimeSession): Promise<void>;
  /** Lets an utterance be heard. */
  speak(session: RealtimeSession): Promise<void>;
  /** Lets silence be heard from now on, as after an utterance. */
  hush(session: RealtimeSession): Promise<void>;
  /** How much sound of answers has arrived, in whatever unit; silence does not count. */
  soundHeard(session: RealtimeSession): Promise<number>;
  /** Has a call of this client hung up from elsewhere; absent where there is none. */
  hangUp?(session: RealtimeSession): Promise<void>;
  /** A key for a scenario, and for `hang-up` perhaps the call to be joined. */
  readonly key: string;
  readonly callId?: string | undefined;
}
