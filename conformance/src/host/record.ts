import { appendFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import type { Scenario } from '../scenarios.ts';

/** Where `make conformance` gathers outcomes, one JSON object a line; unset in a plain test run. */
const FILE = process.env.LIMI_CONFORMANCE_RECORD;

interface Outcome {
  client: string;
  scenario: Scenario;
  outcome: 'passed' | 'failed' | 'n/a';
  reason?: string;
  seconds?: number;
  /** The types of the events that came in, each once, in alphabetical order, with spaces between. */
  events?: string;
}

export function recordExclusion(client: string, scenario: Scenario, reason: string): void {
  write({ client, scenario, outcome: 'n/a', reason });
}

/** Runs a scenario, which returns what came in, and records how it went. */
export async function recorded(
  client: string,
  scenario: Scenario,
  run: () => Promise<readonly { type: string }[]>,
): Promise<void> {
  const start = performance.now();
  const seconds = (): number => Math.round(performance.now() - start) / 1000;
  try {
    const events = await run();
    const types = [...new Set(events.map(({ type }) => type))].sort();
    write({ client, scenario, outcome: 'passed', seconds: seconds(), events: types.join(' ') });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    write({ client, scenario, outcome: 'failed', reason, seconds: seconds() });
    throw error;
  }
}

function write(outcome: Outcome): void {
  if (FILE) appendFileSync(FILE, `${JSON.stringify(outcome)}\n`);
}
