/** A browser whose microphone is refused, or that has none. */

import { chromium, expect } from '@playwright/test';
import { connect, test } from './fixtures.ts';

const EXECUTABLE = process.env['LIMI_CHROMIUM'] ?? '/usr/bin/chromium';

for (const [code, args] of [
  // A window without a person refuses by itself.
  ['microphone_denied', ['--use-fake-device-for-media-stream']],
  ['microphone_missing', ['--use-fake-ui-for-media-stream']],
] as const) {
  test(code, async ({ pages, server, shows }) => {
    if (code === 'microphone_denied') shows('denied microphone');
    const browser = await chromium.launch({ executablePath: EXECUTABLE, args: [...args, '--no-first-run'] });
    try {
      const page = await browser.newPage();
      await page.goto(pages.url);
      await page.waitForFunction(() => 'limi' in globalThis);
      expect(await connect(page, server)).toBe(code);
      const error = await page.evaluate(() => {
        const found = globalThis.limi.voice?.connectionState.error;
        return { message: found?.message, hint: found?.hint, reference: found?.reference };
      });
      expect(error.reference).toBe(`${server.url}/errors/${code}`);
      expect(error.message).toBeTruthy();
      expect(error.hint).toBeTruthy();
      expect((await fetch(error.reference ?? '')).ok).toBe(true);
    } finally {
      await browser.close();
    }
  });
}
