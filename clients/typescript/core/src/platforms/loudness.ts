/**
 * How loud sound is, from 0 to 1, as a meter shows it.
 *
 * @module
 */

/** What a meter shows as silence, in decibels below the loudest possible. */
const QUIETEST_DB = -60;

/** The loudness of samples, of which `full` is the loudest possible. */
export function loudnessOf(samples: Float32Array | Int16Array | readonly number[], full = 1): number {
  let sum = 0;
  for (const sample of samples) sum += (sample / full) ** 2;
  if (sum === 0) return 0;
  const decibels = 10 * Math.log10(sum / samples.length);
  return Math.min(1, Math.max(0, 1 - decibels / QUIETEST_DB));
}
