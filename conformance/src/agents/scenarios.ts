import type { RealtimeItem } from '@openai/agents-realtime';
import type { RealtimeServerEvent } from 'openai/resources/realtime/realtime';
import { SAYINGS, type Scenario } from '../scenarios.ts';
import { Conversation } from './conversation.ts';
import type { Medium } from './medium.ts';

/**
 * Plays a scenario and returns every event that came in; rejects where the client did not get what it should.
 *
 * `show` is given the SDK's history of the conversation whenever that changes.
 */
export async function play(
  scenario: Scenario,
  medium: Medium,
  show: (history: RealtimeItem[]) => void = () => undefined,
): Promise<RealtimeServerEvent[]> {
  const conversation = new Conversation(medium);
  conversation.session.on('history_updated', show);
  try {
    await PLAYS[scenario](conversation, medium);
    return conversation.log.events;
  } finally {
    conversation.session.close();
  }
}

type Play = (conversation: Conversation, medium: Medium) => Promise<void>;

const PLAYS: Record<Scenario, Play> = {
  connect: async (conversation) => {
    const { session } = await conversation.connect();
    expect(session.type === 'realtime', `the session is of type ${session.type}`);
    expect(session.instructions === SAYINGS.instructions, 'the instructions did not arrive');
    expect(conversation.connection === 'connected', `the connection is ${conversation.connection}`);
    expect(conversation.errors.length === 0, `errors: ${JSON.stringify(conversation.errors)}`);
  },

  'text turn': async (conversation) => {
    await conversation.connect();
    await banana(conversation);
  },

  'spoken turn': async (conversation, medium) => {
    await conversation.connect();
    await medium.speak(conversation.session);
    await conversation.log.until('input_audio_buffer.speech_started');
    const { words } = await conversation.spokenAnswer();
    expect(words !== '', 'the answer has no words');
    const completed = 'conversation.item.input_audio_transcription.completed';
    await conversation.log.ever(completed, ({ transcript }) => transcript.trim() !== '');
    await conversation.hears();
    await conversation.remembers('what was said', (item) => transcriptOf(item, 'user') !== '');
    await conversation.remembers('the answer', (item) => transcriptOf(item, 'assistant') === words);
  },

  'barge-in': async (conversation, medium) => {
    await conversation.connect();
    conversation.session.sendMessage(SAYINGS.count);
    await conversation.log.until(medium.firstSound);
    await medium.speak(conversation.session);
    await conversation.log.until('input_audio_buffer.speech_started');
    await conversation.log.until('conversation.item.truncated');
    const stopped = await conversation.log.ever('response.done');
    expect(stopped.response.status === 'cancelled', `the answer was ${stopped.response.status ?? 'lost'}`);
    await toldOfInterruption(conversation, medium);
    const { response } = await conversation.spokenAnswer();
    expect(response.id !== stopped.response.id, 'no answer followed the interruption');
  },

  'function call': async (conversation) => {
    await conversation.connect();
    conversation.session.sendMessage(SAYINGS.weather);
    const called = await conversation.answer();
    expect(called.response.output?.at(-1)?.type === 'function_call', 'no function was called');
    const { words } = await conversation.answer();
    expect(/paris/i.test(conversation.citiesAsked.join()), `asked for ${conversation.citiesAsked.join()}`);
    expect(/sunny/i.test(words), `the answer is: ${words}`);
  },

  cancel: async (conversation, medium) => {
    await conversation.connect();
    conversation.session.sendMessage(SAYINGS.count);
    await conversation.log.until(medium.firstSound);
    conversation.session.interrupt();
    const { response } = await conversation.answer('cancelled');
    const reason = response.status_details?.reason;
    expect(reason === 'client_cancelled', `the reason is ${reason ?? 'missing'}`);
    await banana(conversation);
  },

  'session update': async (conversation) => {
    await conversation.connect();
    const updated = conversation.log.until(
      'session.updated',
      ({ session }) => session.type === 'realtime' && session.instructions === 'Whisper.',
    );
    conversation.session.transport.updateSessionConfig({ instructions: 'Whisper.' });
    await updated;
    await banana(conversation);
  },

  'invalid event': async (conversation) => {
    await conversation.connect();
    conversation.session.transport.sendEvent({ type: 'session.explode', event_id: 'mine' });
    const { error } = await conversation.log.until('error');
    expect(error.event_id === 'mine', `the error names ${error.event_id ?? 'no event'}`);
    expect(error.type === 'invalid_request_error', `the error is of type ${error.type}`);
    expect(conversation.errors.length === 1, 'the client was not told of the error');
    await banana(conversation);
  },

  'expired key': async (conversation) => {
    // Over WebRTC the offer is refused; a socket is opened first, and closed with an error in it.
    let refused = false;
    await conversation.open().catch(() => (refused = true));
    await conversation.log.holds('refusal', () => refused || conversation.errors.length > 0);
    await conversation.log.holds('disconnection', () => conversation.connection !== 'connected');
  },

  'hang-up': async (conversation, medium) => {
    await conversation.connect();
    if (!medium.hangUp) throw new Error('this client has nobody who hangs up');
    await medium.hangUp(conversation.session);
    await conversation.log.holds('disconnection', () => conversation.connection === 'disconnected');
  },

  reconnect: async (conversation) => {
    await conversation.connect();
    await banana(conversation);
    conversation.session.close();
    await conversation.log.holds('disconnection', () => conversation.connection === 'disconnected');
    await conversation.connect();
    const sessions = conversation.log.events.filter((event) => event.type === 'session.created');
    expect(sessions.length === 2, `there were ${sessions.length} sessions`);
    await banana(conversation);
  },
};

async function banana(conversation: Conversation): Promise<void> {
  conversation.session.sendMessage(SAYINGS.banana);
  const { words } = await conversation.answer();
  expect(/banana/i.test(words), `the answer is: ${words}`);
  await conversation.hears();
  await conversation.remembers('the answer', (item) => /banana/i.test(transcriptOf(item, 'assistant')));
}

/** Over WebRTC the SDK has no event of its own for it: the player's buffer is emptied by the server. */
async function toldOfInterruption(conversation: Conversation, medium: Medium): Promise<void> {
  if (medium.serverTruncates) await conversation.log.ever('output_audio_buffer.cleared');
  else await conversation.log.holds('audio_interrupted', () => conversation.interruptions > 0);
}

function transcriptOf(item: RealtimeItem, role: 'user' | 'assistant'): string {
  if (item.type !== 'message' || item.role !== role) return '';
  return item.content.map((part) => ('transcript' in part ? (part.transcript ?? '') : '')).join(' ');
}

function expect(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Error(otherwise);
}
