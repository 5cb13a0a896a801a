import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { REPOSITORY } from './limi-server.ts';

const HEADER_BYTES = 44;
const BYTES_A_SECOND = 24_000 * 2;

/** Long enough for the answer to be spoken to its end. */
const PATIENT_SECONDS = 14;

/** Writes what the fake microphone plays over and over: a pause, "hello.wav", and a pause for the answer. */
export function microphoneFile(folder: string, pauseSeconds = PATIENT_SECONDS): string {
  const wav = readFileSync(path.join(REPOSITORY, 'examples/hello.wav'));
  const silence = (seconds: number): Buffer => Buffer.alloc(Math.round(seconds * BYTES_A_SECOND));
  const sound = Buffer.concat([silence(2), wav.subarray(HEADER_BYTES), silence(pauseSeconds)]);
  const header = Buffer.from(wav.subarray(0, HEADER_BYTES));
  header.writeUInt32LE(sound.length + HEADER_BYTES - 8, 4);
  header.writeUInt32LE(sound.length, 40);
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `microphone-${String(pauseSeconds)}.wav`);
  writeFileSync(file, Buffer.concat([header, sound]));
  return file;
}

/** How Chromium is started so that it hears that file and asks nobody; without a file it may not use its microphone. */
export function chromiumArguments(microphone: string | null): string[] {
  return [
    '--autoplay-policy=no-user-gesture-required',
    '--use-fake-device-for-media-stream',
    ...(microphone === null
      ? ['--deny-permission-prompts']
      : ['--use-fake-ui-for-media-stream', `--use-file-for-fake-audio-capture=${microphone}`]),
    // A host without any network has only its loopback to offer, which browsers leave out otherwise.
    '--allow-loopback-in-peer-connection',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-quic',
    '--disable-sync',
    '--no-first-run',
  ];
}
