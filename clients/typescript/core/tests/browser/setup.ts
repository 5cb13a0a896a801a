/** A run begins with an empty table of behaviours. */

import { rmSync } from 'node:fs';
import { TABLE } from './table.ts';

export default function setup(): void {
  rmSync(TABLE, { force: true });
}
