/** The table of platforms and behaviours, as far as these tests fill it: `output/behaviour.json`. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export const TABLE = path.resolve(import.meta.dirname, '../../output/behaviour.json');

/** The columns of the table of platforms and behaviours. */
export type Behaviour =
  | 'connect'
  | 'speak'
  | 'barge-in'
  | 'reconnect'
  | 'fallback'
  | 'denied microphone'
  | 'server-ended'
  | 'renewal'
  | 'offline'
  | 'device change'
  | 'leak-free';

export interface Row {
  readonly platform: string;
  readonly behaviour: Behaviour;
  readonly passed: boolean;
  readonly how: string;
}

export function write(row: Row): void {
  mkdirSync(path.dirname(TABLE), { recursive: true });
  let rows: Row[] = [];
  try {
    rows = JSON.parse(readFileSync(TABLE, 'utf8')) as Row[];
  } catch {
    // This is the first row.
  }
  const others = rows.filter(({ platform, how }) => platform !== row.platform || how !== row.how);
  writeFileSync(TABLE, `${JSON.stringify([...others, row], null, 2)}\n`);
}
