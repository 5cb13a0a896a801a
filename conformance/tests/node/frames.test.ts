import { describe, expect, test } from 'vitest';
import { checkAgainstAgents, checkAgainstOpenAI, checkAll } from '../../src/host/frames.ts';

const STARTED = {
  type: 'input_audio_buffer.speech_started',
  event_id: 'event_1',
  audio_start_ms: 0,
  item_id: 'item_1',
};

const changed = (changes: object): typeof STARTED => ({ ...STARTED, ...changes });

describe('an event is held against the declarations of openai', () => {
  test('one that fits has no problems', () => {
    expect(checkAgainstOpenAI(STARTED)).toEqual([]);
  });

  test('a missing member is named', () => {
    expect(checkAgainstOpenAI(changed({ item_id: undefined })).join()).toContain('item_id');
  });

  test('a null where something is required counts as missing, and where it is optional as left out', () => {
    expect(checkAgainstOpenAI(changed({ item_id: null }))).toHaveLength(1);
    const committed = changed({ type: 'input_audio_buffer.committed', previous_item_id: null });
    expect(checkAgainstOpenAI(committed)).toEqual([]);
  });

  test('a member of the wrong type is named', () => {
    expect(checkAgainstOpenAI(changed({ audio_start_ms: 'soon' })).join()).toContain('audio_start_ms');
  });

  test('an event nobody declared is a problem', () => {
    expect(checkAgainstOpenAI({ type: 'response.audio.delta' }).join()).toContain('declares no such event');
  });
});

describe('an event is held against the reader of agents-realtime', () => {
  test('one that it reads has no problems', async () => {
    expect(await checkAgainstAgents(STARTED)).toEqual([]);
  });

  test('one that it hands on unread is a problem', async () => {
    expect(await checkAgainstAgents(changed({ event_id: undefined }))).toHaveLength(1);
  });
});

test('all problems of a scenario are told at once', async () => {
  await expect(checkAll([STARTED, changed({ item_id: 7 })], true)).rejects.toThrow(
    /item_id[^]*cannot read it/,
  );
});
