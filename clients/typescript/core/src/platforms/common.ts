/**
 * What browsers and Node have in common.
 *
 * @module
 */

import type { Platform } from '../platform.ts';

/** What needs no device. */
export type Common = Pick<
  Platform,
  'fetch' | 'createAbort' | 'now' | 'setTimer' | 'clearTimer' | 'random' | 'createId'
>;

/** `fetch`, time, chance and identifiers, as every place of today has them. */
export const COMMON: Common = {
  fetch: (url, { signal, ...request }) =>
    fetch(url, {
      ...request,
      // The core's own signals are made by `createAbort`.
      signal: signal as AbortSignal,
    }),
  createAbort: () => new AbortController(),
  now: () => Date.now(),
  setTimer: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimer: (timer) => {
    clearTimeout(timer as Parameters<typeof clearTimeout>[0]);
  },
  random: () => Math.random(),
  createId,
};

/** A random UUID; `crypto.randomUUID` is missing on pages that came by plain HTTP from another host. */
function createId(): string {
  return '10000000-1000-4000-8000-100000000000'.replace(/[018]/g, (digit) => {
    const [chance = 0] = crypto.getRandomValues(new Uint8Array(1));
    // The 8 keeps its upper bits, which say what kind of UUID this is.
    return (Number(digit) ^ (chance & (15 >> (Number(digit) / 4)))).toString(16);
  });
}
