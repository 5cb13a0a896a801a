/**
 * The numbers of a conversation: the defaults, with what the application would have otherwise, checked.
 *
 * @module
 */

import { DEFAULT_SETTINGS } from './machine/words.ts';
import type { MachineSettings } from './machine/words.ts';
import { present } from './members.ts';
import type { ConversationOptions } from './types.ts';

/** A timer that is to wait longer rings at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** What is not between 1 and {@link LONGEST_MS}. */
const LIMITS: Readonly<Record<string, readonly [number, number]>> = {
  maxAttempts: [0, Infinity],
  delaysMs: [0, LONGEST_MS],
  // With all of a wait left to chance, clients would return at once again.
  jitter: [0, 0.99],
};

/**
 * Complete the settings of a conversation.
 *
 * @throws RangeError that names the number which breaks its rule.
 */
export function settingsOf(
  { reconnect = {}, transport = 'auto' }: ConversationOptions,
  hasWebRTC: boolean,
): MachineSettings {
  const chosen = present(reconnect);
  for (const [name, value] of Object.entries(chosen)) {
    const [least, most] = LIMITS[name] ?? [1, LONGEST_MS];
    const numbers = [value].flat() as readonly number[];
    if (numbers.length === 0 || !numbers.every((number) => number >= least && number <= most)) {
      throw new RangeError(`reconnect.${name}: must be from ${String(least)} to ${String(most)}`);
    }
  }
  return { ...DEFAULT_SETTINGS, ...chosen, transport, hasWebRTC };
}
