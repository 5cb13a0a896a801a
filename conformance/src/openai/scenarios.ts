import assert from 'node:assert/strict';
import { once } from 'node:events';
import { OpenAIRealtimeWebSocket } from 'openai/realtime/websocket';
import type { RealtimeClientEvent, RealtimeServerEvent } from 'openai/resources/realtime/realtime';
import { EventLog } from '../event-log.ts';
import { hangUp, target } from '../host/target.ts';
import { SAYINGS, type Scenario } from '../scenarios.ts';
import { Connection, clientOverTls } from './connection.ts';

interface Access {
  key: string;
  callId?: string;
}

/** Plays a scenario and returns every event that came in; rejects where the client did not get what it should. */
export async function play(scenario: Scenario, access: Access): Promise<RealtimeServerEvent[]> {
  const connection = new Connection(access.key, {
    ...(access.callId ? { callID: access.callId } : {}),
    reconnect: scenario === 'reconnect',
  });
  try {
    await PLAYS[scenario](connection, access);
    return connection.log.events;
  } finally {
    connection.close();
  }
}

type Play = (connection: Connection, access: Access) => Promise<void>;

const PLAYS: Record<Scenario, Play> = {
  connect: async (connection, { key }) => {
    const { session } = await connection.connect();
    assert.equal(session.type, 'realtime');
    await connectNatively(key);
    assert.deepEqual(connection.errors, []);
  },

  'text turn': async (connection) => {
    await connection.connect();
    const words = connection.log.ever('response.output_audio_transcript.delta');
    await connection.banana();
    await words;
  },

  'spoken turn': async (connection) => {
    await connection.connect();
    connection.speak();
    await connection.log.until('input_audio_buffer.speech_started');
    assert.notEqual((await connection.spokenAnswer()).words, '');
    const completed = 'conversation.item.input_audio_transcription.completed';
    await connection.log.ever(completed, ({ transcript }) => transcript.trim() !== '');
    await connection.log.ever('response.output_audio.delta');
  },

  'barge-in': async (connection) => {
    await connection.connect();
    connection.type(SAYINGS.count);
    const sounding = await connection.log.until('response.output_audio.delta');
    connection.speak();
    await connection.log.until('input_audio_buffer.speech_started');
    const stopped = await connection.answer('cancelled');
    assert.equal(stopped.response.status_details?.reason, 'turn_detected');
    connection.send({
      type: 'conversation.item.truncate',
      item_id: sounding.item_id,
      content_index: 0,
      audio_end_ms: 100,
    });
    await connection.log.ever('conversation.item.truncated');
    assert.notEqual((await connection.spokenAnswer()).response.id, stopped.response.id);
  },

  'function call': async (connection) => {
    await connection.connect();
    connection.type(SAYINGS.weather);
    const call = (await connection.answer()).response.output?.at(-1);
    assert(call?.type === 'function_call' && call.call_id);
    assert.match(call.arguments, /paris/i);
    const output = {
      type: 'function_call_output' as const,
      call_id: call.call_id,
      output: SAYINGS.forecast,
    };
    connection.send({ type: 'conversation.item.create', item: output });
    connection.send({ type: 'response.create' });
    assert.match((await connection.answer()).words, /sunny/i);
  },

  cancel: async (connection) => {
    await connection.connect();
    connection.type(SAYINGS.count);
    await connection.log.until('response.output_audio.delta');
    connection.send({ type: 'response.cancel' });
    assert.equal((await connection.answer('cancelled')).response.status_details?.reason, 'client_cancelled');
    await connection.banana();
  },

  'session update': async (connection) => {
    await connection.connect();
    const { session } = await connection.settle('Whisper.');
    assert(session.type === 'realtime');
    assert.equal(session.instructions, 'Whisper.');
    await connection.banana();
  },

  'invalid event': async (connection) => {
    await connection.connect();
    // The types of the package would not allow it, which is the point.
    connection.send({ type: 'session.explode', event_id: 'mine' } as unknown as RealtimeClientEvent);
    const { error } = await connection.log.until('error');
    assert.deepEqual([error.type, error.event_id], ['invalid_request_error', 'mine']);
    assert.equal(connection.errors.length, 1);
    await connection.banana();
  },

  'expired key': async (connection) => {
    const { error } = await connection.log.until('error');
    assert.equal(error.code, 'invalid_api_key');
    await connection.log.holds('disconnection', () => connection.closeCode !== undefined);
    assert.equal(connection.closeCode, 3000);
  },

  'hang-up': async (connection, { callId }) => {
    assert(callId, 'there is no call to hang up');
    await once(connection.socket.socket, 'open');
    await connection.settle();
    await hangUp(callId, target().tlsUrl);
    await connection.log.holds('disconnection', () => connection.closeCode !== undefined);
  },

  reconnect: async (connection) => {
    await connection.connect();
    await connection.banana();
    const again = new Promise<void>((resolve) => {
      connection.socket.on('reconnected', resolve);
    });
    // As if the network had gone: no close frame. The package connects again by itself.
    connection.socket.socket.terminate();
    await again;
    await connection.log.until('session.created');
    await connection.settle();
    await connection.banana();
  },
};

/** The package's other socket, of the runtime itself: the key travels as a subprotocol, as from a browser. */
async function connectNatively(key: string): Promise<void> {
  const log = new EventLog();
  const socket = new OpenAIRealtimeWebSocket({ model: target().model }, clientOverTls(key));
  const errors: Error[] = [];
  socket.on('event', (event) => {
    log.add(event);
  });
  socket.on('error', (error) => errors.push(error));
  await log.until('session.created');
  socket.close();
  assert.deepEqual(errors, []);
}
