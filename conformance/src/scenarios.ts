/** The scenarios every client plays. Their Python twin is `conformance/scenarios.py`; the names are the table's. */
export const SCENARIOS = [
  'connect',
  'text turn',
  'spoken turn',
  'barge-in',
  'function call',
  'cancel',
  'session update',
  'invalid event',
  'expired key',
  'hang-up',
  'reconnect',
] as const;

export type Scenario = (typeof SCENARIOS)[number];

/** What a client cannot do, and why; the reason is printed in the table. */
export type Exclusions = Partial<Record<Scenario, string>>;

/** What all clients say. A real model and the sandbox both give answers by which these can be told. */
export const SAYINGS = {
  instructions: 'You are being tested. Do exactly what the user says, in as few words as possible.',
  banana: 'Say the word banana.',
  count: 'Count from 1 to 100.',
  weather: 'What is the weather in Paris?',
  forecast: 'sunny, 20 degrees',
} as const;
