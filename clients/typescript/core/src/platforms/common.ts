/**
 * What browsers and Node have in common.
 *
 * @module
 */

import type { HttpRequest, Platform } from '../platform.ts';

/** What needs no device. */
export type Common = Pick<
  Platform,
  'fetch' | 'createAbort' | 'now' | 'setTimer' | 'clearTimer' | 'random' | 'createId'
>;

/** `fetch`, time, chance and identifiers, as every place of today has them. */
export const COMMON: Common = {
  // The core's own signals are made by `createAbort`.
  fetch: (url, request) => fetch(url, request as HttpRequest & { signal: AbortSignal }),
  createAbort: () => new AbortController(),
  now: () => Date.now(),
  setTimer: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimer: (timer) => {
    clearTimeout(timer as Parameters<typeof clearTimeout>[0]);
  },
  random: () => Math.random(),
  // `crypto.randomUUID` is missing on pages that came by plain HTTP from another host.
  createId: () => uuidFrom(() => crypto.getRandomValues(new Uint8Array(1))[0] ?? 0),
};

/** A UUID of random numbers, of which each has four random bits or more. */
export function uuidFrom(random: () => number): string {
  return '10000000-1000-4000-8000-100000000000'.replace(/[018]/g, (digit) =>
    // The 8 keeps its upper bits, which say what kind of UUID this is.
    (Number(digit) ^ (random() & (15 >> (Number(digit) / 4)))).toString(16),
  );
}
