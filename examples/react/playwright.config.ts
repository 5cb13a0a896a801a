import path from 'node:path';
import { defineConfig } from '@playwright/test';
import { chromiumArguments, microphoneFile } from '../../web/tests/host/microphone.ts';

export default defineConfig({
  testDir: 'tests',
  outputDir: 'output/browser',
  reporter: 'list',
  workers: 1,
  timeout: 120_000,
  // A busy machine takes its time to connect.
  expect: { timeout: 15_000 },
  forbidOnly: true,
  use: {
    launchOptions: {
      executablePath: process.env.LIMI_CHROMIUM ?? '/usr/bin/chromium',
      args: chromiumArguments(microphoneFile(path.resolve(import.meta.dirname, 'output'))),
    },
  },
});
