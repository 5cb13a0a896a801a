import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { defineConfig } from '@playwright/test';

/** Debian's place for it; Playwright's own builds are not downloaded. */
const CHROMIUM = process.env['LIMI_CHROMIUM'] ?? '/usr/bin/chromium';

const RECORDING = path.resolve(import.meta.dirname, '../../../examples/hello.wav');
const HEADER_BYTES = 44;
const SECOND_BYTES = 48_000;

/** What the fake microphone plays over and over: a pause, the recorded greeting, a long pause. */
function microphoneFile(): string {
  const recording = readFileSync(RECORDING);
  const header = Buffer.from(recording.subarray(0, HEADER_BYTES));
  const sound = Buffer.concat([
    Buffer.alloc(SECOND_BYTES),
    recording.subarray(HEADER_BYTES),
    Buffer.alloc(4 * SECOND_BYTES),
  ]);
  header.writeUInt32LE(sound.length + HEADER_BYTES - 8, 4);
  header.writeUInt32LE(sound.length, 40);
  const file = path.resolve(import.meta.dirname, 'output/microphone.wav');
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, Buffer.concat([header, sound]));
  return file;
}

export default defineConfig({
  testDir: 'tests/browser',
  outputDir: 'output/browser',
  globalSetup: './tests/browser/setup.ts',
  reporter: 'list',
  // Each test has a server and a browser to itself, and speech recognition wants a core.
  workers: 1,
  timeout: 90_000,
  forbidOnly: true,
  use: {
    launchOptions: {
      executablePath: CHROMIUM,
      args: [
        '--autoplay-policy=no-user-gesture-required',
        '--use-fake-ui-for-media-stream',
        '--use-fake-device-for-media-stream',
        `--use-file-for-fake-audio-capture=${microphoneFile()}`,
        // A host without any network has only its loopback to offer, which browsers leave out otherwise.
        '--allow-loopback-in-peer-connection',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-quic',
        '--disable-sync',
        '--no-first-run',
      ],
    },
  },
});
