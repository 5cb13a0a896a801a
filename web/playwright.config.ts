import path from 'node:path';
import { defineConfig } from '@playwright/test';
import { chromiumArguments, microphoneFile } from './tests/host/microphone.ts';

/** Debian's place for it; Playwright's own builds are not downloaded. */
const CHROMIUM = process.env.LIMI_CHROMIUM ?? '/usr/bin/chromium';
const OUTPUT = path.resolve(import.meta.dirname, 'output');

const withChromium = (microphone: string | null) => ({
  launchOptions: { executablePath: CHROMIUM, args: chromiumArguments(microphone) },
});

export default defineConfig({
  testDir: 'tests/browser',
  outputDir: 'output/browser',
  reporter: 'list',
  // Most of a conversation is waiting for sound, but sound that comes in time wants a processor.
  workers: 1,
  timeout: 120_000,
  // A busy machine takes its time to connect.
  expect: { timeout: 15_000 },
  forbidOnly: true,
  projects: [
    {
      name: 'with a microphone',
      testIgnore: ['**/denied.spec.ts', '**/barge-in.spec.ts'],
      use: withChromium(microphoneFile(OUTPUT)),
    },
    {
      name: 'with somebody impatient',
      testMatch: '**/barge-in.spec.ts',
      use: withChromium(microphoneFile(OUTPUT, 1)),
    },
    { name: 'without', testMatch: '**/denied.spec.ts', use: withChromium(null) },
  ],
});
