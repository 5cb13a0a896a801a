/** Sound between the device's rate and the Realtime API's. */

import { describe, expect, test } from 'vitest';
import { fromPcm16, RATE, Resampler } from '../../../src/platforms/browser/resampler.ts';
import { loudnessOf } from '../../../src/platforms/loudness.ts';

/** A tone, in blocks as an audio thread hands them over. */
function resampled(rate: number, hertz: number, seconds = 1, block = 2048): Int16Array {
  const resampler = new Resampler(rate);
  const samples = Float32Array.from(
    { length: rate * seconds },
    (_, n) => 0.5 * Math.sin((2 * Math.PI * hertz * n) / rate),
  );
  const out: number[] = [];
  for (let start = 0; start < samples.length; start += block) {
    out.push(...resampler.take(samples.subarray(start, start + block)));
  }
  return Int16Array.from(out);
}

function crossings(samples: Int16Array): number {
  let count = 0;
  for (let n = 1; n < samples.length; n += 1)
    if ((samples[n - 1] ?? 0) < 0 && (samples[n] ?? 0) >= 0) count += 1;
  return count;
}

describe.each([48_000, 44_100, 24_000, 96_000, 16_000, 8_000])('from %d Hz', (rate) => {
  test('a second stays a second', () => {
    expect(Math.abs(resampled(rate, 200).length - RATE)).toBeLessThanOrEqual(2);
  });

  test('a tone keeps its pitch and its loudness', () => {
    const samples = resampled(rate, 440);
    expect(Math.abs(crossings(samples) - 440)).toBeLessThanOrEqual(2);
    expect(loudnessOf(samples, 0x8000)).toBeCloseTo(
      loudnessOf(Float32Array.from(fromPcm16(samples.slice().buffer))),
      5,
    );
    const root = Math.sqrt(samples.reduce((sum, sample) => sum + sample ** 2, 0) / samples.length) / 0x7fff;
    expect(root).toBeGreaterThan(0.5 * Math.SQRT1_2 * 0.95);
    expect(root).toBeLessThan(0.5 * Math.SQRT1_2 * 1.05);
  });
});

test('what is too loud is cut, not wrapped', () => {
  expect([...new Resampler(RATE).take(Float32Array.of(2, -2, 1, -1))]).toEqual([
    32767, -32767, 32767, -32767,
  ]);
});

test('sound comes back as it went', () => {
  const samples = Float32Array.of(0, 0.25, -0.5, 1);
  const back = fromPcm16(new Resampler(RATE).take(samples).buffer);
  for (const [n, sample] of samples.entries()) expect(back[n]).toBeCloseTo(sample, 3);
});

test('loudness goes from silence to full', () => {
  expect(loudnessOf([0, 0, 0])).toBe(0);
  expect(loudnessOf([])).toBe(0);
  expect(loudnessOf([1, -1, 1])).toBe(1);
  expect(loudnessOf([0.0001])).toBe(0);
  expect(loudnessOf([0.1])).toBeCloseTo(2 / 3);
});
