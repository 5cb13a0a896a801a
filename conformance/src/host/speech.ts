import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const RECORDING = path.resolve(import.meta.dirname, '../../../examples/hello.wav');
const OUTPUT = path.resolve(import.meta.dirname, '../../output');
const RATE = 24_000;
const HEADER_BYTES = 44;

/** Four seconds of recorded speech: PCM, 16 bit, mono, 24 kHz. */
export function speech(): Buffer {
  const wav = readFileSync(RECORDING);
  if (wav.toString('latin1', 36, 40) !== 'data') throw new Error(`${RECORDING}: not a plain WAV file`);
  return wav.subarray(HEADER_BYTES);
}

export function silence(seconds: number): Buffer {
  return Buffer.alloc(Math.round(seconds * RATE) * 2);
}

/** Writes what the fake microphone plays over and over: a pause, the recording, a long pause. */
export function microphoneFile(): string {
  const sound = Buffer.concat([silence(1), speech(), silence(4)]);
  const header = Buffer.from(readFileSync(RECORDING).subarray(0, HEADER_BYTES));
  header.writeUInt32LE(sound.length + HEADER_BYTES - 8, 4);
  header.writeUInt32LE(sound.length, 40);
  mkdirSync(OUTPUT, { recursive: true });
  const file = path.join(OUTPUT, 'microphone.wav');
  writeFileSync(file, Buffer.concat([header, sound]));
  return file;
}
