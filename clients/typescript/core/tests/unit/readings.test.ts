/** What is read off the events of a session besides its words. */

import { expect, test } from 'vitest';
import { Activity } from '../../src/activity.ts';
import { verdictOf } from '../../src/verdicts.ts';

test('somebody speaks from the first of these events to the last', () => {
  const activity = new Activity();
  const changes = [
    'input_audio_buffer.speech_started',
    'input_audio_buffer.speech_stopped',
    'response.created',
    'output_audio_buffer.started',
    'response.done',
    'rate_limits.updated',
    'output_audio_buffer.stopped',
    'output_audio_buffer.started',
    'output_audio_buffer.cleared',
  ].map((type) => [activity.receive({ type }), activity.busy]);
  expect(changes).toEqual([
    [true, true],
    [true, false],
    [true, true],
    [false, true],
    [false, true],
    [false, true],
    [true, false],
    [true, true],
    [true, false],
  ]);
});

test('silence reigns in a new session', () => {
  const activity = new Activity();
  activity.receive({ type: 'response.created' });
  activity.clear();
  expect(activity.busy).toBe(false);
});

test.each([
  ['session_ended', { type: 'ended', reason: 'why' }],
  ['budget_exceeded', { type: 'ended', reason: 'why' }],
  ['invalid_model', { type: 'ended', reason: 'why' }],
  ['invalid_api_key', { type: 'closing', code: 'token_expired' }],
  ['session_expired', { type: 'closing', code: 'network_error' }],
  ['response_cancel_not_active', null],
  ['invalid_value', null],
])('the error %s means this', (code, verdict) => {
  expect(verdictOf({ type: 'error', error: { code, message: 'why' } })).toEqual(verdict);
});

test('an end without words gives its code as the reason', () => {
  expect(verdictOf({ type: 'error', error: { code: 'call_ended' } })).toEqual({
    type: 'ended',
    reason: 'call_ended',
  });
});

test('events that are no errors, and errors without members, mean nothing', () => {
  expect(verdictOf({ type: 'session.created', error: { code: 'session_ended' } })).toBeNull();
  expect(verdictOf({ type: 'error', error: null })).toBeNull();
});
