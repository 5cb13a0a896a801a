/** The golden transitions of `conformance/transitions`, replayed; the Python client replays the same files. */

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { listens, statusOf, step } from '../../../src/machine/machine.ts';
import { DEFAULT_SETTINGS, IDLE } from '../../../src/machine/words.ts';
import type { Effect, Input, MachineSettings, Phase } from '../../../src/machine/words.ts';
import { render } from '../../../scripts/transitions.ts';

interface GoldenStep {
  readonly at: number;
  readonly random?: number;
  readonly input: Input;
  readonly state: unknown;
  readonly effects: readonly Effect[];
}

interface Golden {
  readonly format: number;
  readonly runs: readonly {
    readonly name: string;
    readonly settings: Partial<MachineSettings>;
    readonly steps: readonly GoldenStep[];
  }[];
}

const FOLDER = new URL('../../../../../../conformance/transitions/', import.meta.url);
const FILES = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json'))
  .map((name) => [name, JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as Golden] as const);

const PHASES: readonly Phase[] = [
  'idle',
  'preparing',
  'minting',
  'opening',
  'live',
  'unsteady',
  'renewing',
  'waiting',
  'failed',
];

describe.each(FILES)('%s', (_name, golden) => {
  test.each(golden.runs)('$name', ({ settings, steps }) => {
    let machine = IDLE;
    const due = new Map<string, number>();
    for (const { at, random = 0.5, input, state, effects } of steps) {
      if (input.type === 'timer') {
        expect(due.get(input.name), `${input.name} rings`).toBe(at);
        due.delete(input.name);
      }
      const next = step(machine, input, { at, random }, { ...DEFAULT_SETTINGS, ...settings });
      machine = next.machine;
      const { phase, attempt, transport, microphone, timers, error } = machine;
      const label = `${String(at)} ms, ${input.type}`;
      expect(
        { phase, status: statusOf(phase), attempt, transport, microphone, timers, error },
        label,
      ).toEqual(state);
      expect(next.effects, label).toEqual(effects);
      for (const effect of next.effects) {
        if (effect.type === 'start_timer') due.set(effect.name, at + effect.delayMs);
        if (effect.type === 'stop_timer') due.delete(effect.name);
      }
      expect([...due.keys()].sort(), label).toEqual([...machine.timers].sort());
    }
  });
});

test('the files are of the format that the README describes', () => {
  expect(FILES.map(([, { format }]) => format)).toEqual(FILES.map(() => 1));
  expect(FILES.length).toBeGreaterThan(5);
});

test('the files and the table say what the machine does today', () => {
  for (const [name, text] of render()) expect(readFileSync(new URL(name, FOLDER), 'utf8'), name).toBe(text);
});

test('every input that a phase listens to occurs in a run', () => {
  const seen = new Set<string>();
  for (const [, { runs }] of FILES) {
    for (const { steps } of runs) {
      let phase: Phase = 'idle';
      for (const { input, state } of steps) {
        seen.add(`${phase} ${input.type}`);
        ({ phase } = state as { phase: Phase });
      }
    }
  }
  // The microphone is handled alike in every phase, so that not each of them has to show it.
  const inputs = [...new Set([...seen].map((pair) => pair.split(' ')[1] ?? ''))] as Input['type'][];
  const own = inputs.filter((type) => !type.startsWith('microphone') && type !== 'devices_changed');
  const missing = PHASES.flatMap((phase) =>
    own
      .filter((type) => listens(phase, type) && !seen.has(`${phase} ${type}`))
      .map((type) => `${phase} ${type}`),
  );
  expect(missing).toEqual([]);
});
