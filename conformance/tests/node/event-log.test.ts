import type { RealtimeServerEvent } from 'openai/resources/realtime/realtime';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { EventLog } from '../../src/event-log.ts';

const cleared = (id: string): RealtimeServerEvent => ({ type: 'input_audio_buffer.cleared', event_id: id });
const done = (id: string, status: 'completed' | 'cancelled'): RealtimeServerEvent => ({
  type: 'response.done',
  event_id: id,
  response: { id, status },
});
const committed: RealtimeServerEvent = {
  type: 'input_audio_buffer.committed',
  event_id: 'c',
  item_id: 'i',
};

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test('waiting goes on behind what was found', async () => {
  const log = new EventLog();
  log.add(cleared('1'));
  log.add(cleared('2'));
  expect((await log.until('input_audio_buffer.cleared')).event_id).toBe('1');
  expect((await log.until('input_audio_buffer.cleared')).event_id).toBe('2');
});

test('an event whose place is not fixed is found wherever it stands', async () => {
  const log = new EventLog();
  log.add(cleared('1'));
  await log.until('input_audio_buffer.cleared');
  expect((await log.ever('input_audio_buffer.cleared')).event_id).toBe('1');
});

test('what does not come is told with what came instead', async () => {
  const log = new EventLog();
  log.add(cleared('1'));
  const waiting = expect(log.until('session.created')).rejects.toThrow(
    /no session.created.*input_audio_buffer.cleared/,
  );
  await vi.advanceTimersByTimeAsync(30_000);
  await waiting;
});

test('the answer to what was spoken is that to the last turn', async () => {
  const log = new EventLog();
  for (const event of [committed, done('first', 'cancelled'), committed]) log.add(event);
  const answer = log.spokenAnswer();
  log.add(done('second', 'completed'));
  expect((await answer).id).toBe('second');
});
