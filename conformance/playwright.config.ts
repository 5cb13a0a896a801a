import { defineConfig } from '@playwright/test';
import { microphoneFile } from './src/host/speech.ts';

/** Debian's place for it; Playwright's own builds are not downloaded. */
const CHROMIUM = process.env.LIMI_CHROMIUM ?? '/usr/bin/chromium';

export default defineConfig({
  testDir: 'tests/chromium',
  outputDir: 'output/chromium',
  globalSetup: './tests/chromium/setup.ts',
  reporter: 'list',
  // Most of a scenario is waiting for sound, so three browsers fit on two cores.
  fullyParallel: true,
  workers: 3,
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
        // Nothing but the page is to be looked up or fetched.
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-quic',
        '--disable-sync',
        '--no-first-run',
      ],
    },
  },
});
