import path from 'node:path';
import { defineConfig, type PlaywrightTestConfig } from '@playwright/test';
import { chromiumArguments, microphoneFile } from './microphone.ts';

/** Marks what wants somebody who speaks again before the answer is over. */
export const IMPATIENT = '@impatient';

/** How the tests of an example are run. */
export function exampleConfig(root: string): PlaywrightTestConfig {
  const output = path.join(root, 'output');
  const hearing = (microphone: string) => ({
    launchOptions: {
      executablePath: process.env['LIMI_CHROMIUM'] ?? '/usr/bin/chromium',
      args: chromiumArguments(microphone),
    },
  });
  return defineConfig({
    testDir: path.join(root, 'tests'),
    outputDir: path.join(output, 'browser'),
    reporter: 'list',
    workers: 1,
    timeout: 120_000,
    // A busy machine takes its time to connect.
    expect: { timeout: 15_000 },
    forbidOnly: true,
    projects: [
      {
        name: 'with a microphone',
        grepInvert: new RegExp(IMPATIENT),
        use: hearing(microphoneFile(output)),
      },
      {
        name: 'with somebody impatient',
        grep: new RegExp(IMPATIENT),
        use: hearing(microphoneFile(output, 1)),
      },
    ],
  });
}
