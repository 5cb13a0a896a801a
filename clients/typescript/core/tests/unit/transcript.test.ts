/** The words of both sides, from the events of a session. */

import { describe, expect, test } from 'vitest';
import type { ServerEvent } from '../../src/index.ts';
import { Transcript } from '../../src/transcript.ts';

const added = (id: string, role: string, content: unknown[] = []): ServerEvent => ({
  type: 'conversation.item.added',
  item: { id, type: 'message', role, content },
});
const heard = (id: string, transcript: string): ServerEvent => ({
  type: 'conversation.item.input_audio_transcription.completed',
  item_id: id,
  transcript,
});
const spoken = (id: string, delta: string): ServerEvent => ({
  type: 'response.output_audio_transcript.delta',
  item_id: id,
  delta,
});

function after(...events: ServerEvent[]): Transcript {
  const transcript = new Transcript();
  for (const event of events) transcript.receive(event);
  return transcript;
}

const lines = (transcript: Transcript): string[] =>
  transcript.entries.map(({ role, text, final }) => `${role}: ${text}${final ? '' : ' …'}`);

test('words that are heard late stand where they were spoken', () => {
  const transcript = after(
    added('u', 'user', [{ type: 'input_audio', transcript: null }]),
    added('a', 'assistant'),
    spoken('a', 'Good '),
    spoken('a', 'day'),
    heard('u', ' Hello. '),
  );
  expect(lines(transcript)).toEqual(['user: Hello.', 'assistant: Good day …']);
});

test('what the person says appears while it is recognised', () => {
  const delta = (text: string): ServerEvent => ({
    type: 'conversation.item.input_audio_transcription.delta',
    item_id: 'u',
    delta: text,
  });
  expect(lines(after(delta('He'), delta('llo')))).toEqual(['user: Hello …']);
});

test('the whole words replace the pieces', () => {
  const done = { type: 'response.output_audio_transcript.done', item_id: 'a', transcript: 'Good day.' };
  expect(lines(after(spoken('a', 'Goo'), done))).toEqual(['assistant: Good day.']);
});

test('written words count as well', () => {
  const transcript = after(
    added('u', 'user', [{ type: 'input_text', text: 'Hi' }]),
    { type: 'response.output_text.delta', item_id: 'a', delta: 'Hel' },
    { type: 'response.output_text.done', item_id: 'a', text: 'Hello' },
  );
  expect(lines(transcript)).toEqual(['user: Hi', 'assistant: Hello']);
});

test('an answer that was cut off keeps what was really heard', () => {
  const transcript = after(added('a', 'assistant'), spoken('a', 'One two three'), {
    type: 'conversation.item.retrieved',
    item: {
      id: 'a',
      type: 'message',
      role: 'assistant',
      content: [{ type: 'output_audio', transcript: 'One' }],
    },
  });
  expect(lines(transcript)).toEqual(['assistant: One']);
});

test('an answer that was cut off before its first word leaves', () => {
  const transcript = after(added('a', 'assistant'), spoken('a', 'One'), {
    type: 'conversation.item.retrieved',
    item: {
      id: 'a',
      type: 'message',
      role: 'assistant',
      content: [{ type: 'output_audio', transcript: '' }],
    },
  });
  expect(lines(transcript)).toEqual([]);
});

test('speech without words is not shown', () => {
  const failed = { type: 'conversation.item.input_audio_transcription.failed', item_id: 'u' };
  expect(lines(after(added('u', 'user'), failed))).toEqual([]);
});

test('an item that is deleted leaves', () => {
  expect(lines(after(heard('u', 'Hello'), { type: 'conversation.item.deleted', item_id: 'u' }))).toEqual([]);
});

test('what is neither side’s speech is left out', () => {
  const transcript = after(
    added('s', 'system', [{ type: 'input_text', text: 'Be kind.' }]),
    { type: 'conversation.item.added', item: { id: 'f', type: 'function_call', name: 'look' } },
    { type: 'conversation.item.added' },
    { type: 'response.output_text.delta', delta: 'nobody’s' },
    { type: 'rate_limits.updated' },
  );
  expect(lines(transcript)).toEqual([]);
});

test('the entries are the same array until a word changed', () => {
  const transcript = after(heard('u', 'Hello'));
  const before = transcript.entries;
  expect(transcript.receive(heard('u', 'Hello'))).toBe(false);
  expect(transcript.receive(added('a', 'assistant'))).toBe(false);
  expect(transcript.entries).toBe(before);
  expect(transcript.receive(spoken('a', 'Yes'))).toBe(true);
  expect(before).toHaveLength(1);
});

test('what a new session is told comes back under the same names, and is not shown twice', () => {
  const transcript = after(heard('u', 'Hello'), spoken('a', 'Good d'));
  transcript.settle();
  for (const { id, role, text } of transcript.history()) {
    const type = role === 'user' ? 'input_text' : 'output_text';
    transcript.receive(added(id, role, [{ type, text }]));
  }
  expect(lines(transcript)).toEqual(['user: Hello', 'assistant: Good d']);
});

describe('what is carried over', () => {
  test('is the latest, in its order', () => {
    const transcript = new Transcript();
    for (let turn = 0; turn < 100; turn += 1)
      transcript.receive(heard(`u${String(turn)}`, `word ${String(turn)}`));
    const history = transcript.history();
    expect(history).toHaveLength(40);
    expect(history[0]?.text).toBe('word 60');
    expect(history.at(-1)?.text).toBe('word 99');
  });

  test('is no longer than a session should be told at once', () => {
    const transcript = new Transcript();
    for (let turn = 0; turn < 30; turn += 1) transcript.receive(heard(`u${String(turn)}`, 'x'.repeat(1_000)));
    expect(transcript.history()).toHaveLength(12);
  });
});

test('an endless conversation loses its oldest words', () => {
  const transcript = new Transcript();
  for (let turn = 0; turn < 600; turn += 1) transcript.receive(heard(`u${String(turn)}`, String(turn)));
  expect(transcript.entries).toHaveLength(500);
  expect(transcript.entries[0]?.text).toBe('100');
});
