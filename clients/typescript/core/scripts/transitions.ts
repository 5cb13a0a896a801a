/**
 * Writes `conformance/transitions/*.json` from the runs beside it, and the table in the README there.
 *
 * The files are reviewed like code: a change of behaviour is a change of a file, which both languages replay.
 * Run: `npm run transitions`; with `--check` it writes nothing and fails where a file is stale.
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { DEFAULT_SETTINGS, IDLE } from '../src/machine/words.ts';
import { statusOf, step } from '../src/machine/machine.ts';
import type { Effect, Input, Machine, MachineSettings, Phase } from '../src/machine/words.ts';
import { RUNS } from './runs.ts';
import type { Run } from './runs.ts';

const FOLDER = new URL('../../../../conformance/transitions/', import.meta.url);
const TABLE = /(<!-- generated: transitions -->\n)[^]*(<!-- end of transitions -->)/;

/** One step of a run, with what came of it. */
export interface Seen {
  readonly at: number;
  readonly random: number;
  readonly before: Phase;
  readonly input: Input;
  readonly after: Machine;
  readonly effects: readonly Effect[];
}

/** Take a run through the machine. */
export function walk(run: Run): Seen[] {
  const settings: MachineSettings = { ...DEFAULT_SETTINGS, ...run.settings };
  let machine = IDLE;
  return run.inputs.map(([at, given, random = 0.5]) => {
    const input: Input = typeof given === 'string' ? ({ type: given } as Input) : given;
    const before = machine.phase;
    const next = step(machine, input, { at, random }, settings);
    machine = next.machine;
    return { at, random, before, input, after: machine, effects: next.effects };
  });
}

function renderRun(run: Run): string {
  const lines = walk(run).map(({ at, random, input, after, effects }) => {
    const { phase, attempt, transport, microphone, timers, error } = after;
    const state = { phase, status: statusOf(phase), attempt, transport, microphone, timers, error };
    const chance = random === 0.5 ? {} : { random };
    return `    ${JSON.stringify({ at, ...chance, input, state, effects })}`;
  });
  const head = `  "name": ${JSON.stringify(run.name)},\n  "settings": ${JSON.stringify(run.settings ?? {})},`;
  return `{\n${head}\n  "steps": [\n${lines.join(',\n')}\n  ]\n}`;
}

function renderTable(): string {
  const rows = new Map<string, Set<string>>();
  const order = Object.keys(PHASES) as Phase[];
  for (const { before, input, after, effects } of Object.values(RUNS).flat().flatMap(walk)) {
    if (effects.length === 0 && before === after.phase && !QUIETLY.has(input.type)) continue;
    const name = input.type === 'timer' ? `timer ${input.name}` : input.type;
    const key = `${String(order.indexOf(before))} | \`${before}\` | \`${name}\` |`;
    rows.set(
      key,
      (rows.get(key) ?? new Set<string>()).add(after.phase === before ? '(stays)' : `\`${after.phase}\``),
    );
  }
  const lines = [...rows].sort(([a], [b]) => (a < b ? -1 : 1));
  const texts = lines.map(([key, nexts]) => `${key.replace(/^\d+ /, '')} ${[...nexts].sort().join(', ')} |`);
  return ['| phase | input | becomes |', '|---|---|---|', ...texts, ''].join('\n');
}

/** In the order of a conversation's life. */
const PHASES: Readonly<Record<Phase, true>> = {
  idle: true,
  preparing: true,
  minting: true,
  opening: true,
  live: true,
  unsteady: true,
  renewing: true,
  waiting: true,
  failed: true,
};

/** Inputs that are taken in without any effect that can be seen at once. */
const QUIETLY: ReadonlySet<string> = new Set(['busy', 'quiet', 'timer']);

/** Every file's name and text. */
export function render(): Map<string, string> {
  const files = new Map<string, string>();
  for (const [subject, runs] of Object.entries(RUNS)) {
    const texts = runs.map((run) => renderRun(run).replace(/^/gm, '    '));
    files.set(`${subject}.json`, `{\n  "format": 1,\n  "runs": [\n${texts.join(',\n')}\n  ]\n}\n`);
  }
  const readme = readFileSync(new URL('README.md', FOLDER), 'utf8');
  return files.set('README.md', readme.replace(TABLE, `$1${renderTable()}$2`));
}

function main(): void {
  const check = process.argv.includes('--check');
  let stale = false;
  for (const [name, text] of render()) {
    const file = new URL(name, FOLDER);
    if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
    stale = true;
    if (!check) writeFileSync(file, text);
    console.log(
      `${name} ${check ? 'is stale: run npm run transitions in clients/typescript/core' : 'was written'}.`,
    );
  }
  process.exitCode = check && stale ? 1 : 0;
}

if (process.argv[1] === import.meta.filename) main();
