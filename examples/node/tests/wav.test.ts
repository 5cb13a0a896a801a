import { expect, test } from 'vitest';
import { readWav, silence, writeWav } from '../wav.mjs';

const SAMPLES = Buffer.from([1, 2, 3, 4]);

test('what is written is read again', () => {
  expect(readWav(writeWav(SAMPLES))).toEqual(SAMPLES);
});

test('chunks that nobody asked for are passed over, also those of an odd length', () => {
  const file = writeWav(SAMPLES);
  const extra = Buffer.from('LIST\x03\0\0\0abc\0', 'latin1');
  expect(readWav(Buffer.concat([file.subarray(0, 12), extra, file.subarray(12)]))).toEqual(SAMPLES);
});

test.each([
  ['another rate', 24, 44_100],
  ['floating point', 20, 3],
])('%s is refused', (_, offset, value) => {
  const file = writeWav(SAMPLES);
  file.writeUInt16LE(value, offset);
  expect(() => readWav(file)).toThrow('24 kHz');
});

test('what is no WAV file is refused', () => {
  expect(() => readWav(Buffer.from('<html></html>'))).toThrow('no WAV file');
});

test('silence has its length', () => {
  expect(silence(2)).toEqual(Buffer.alloc(96_000));
});
