import path from 'node:path';
import { expect, test as base } from '@playwright/test';
import { build, preview } from 'vite';
import { write } from '../../../clients/typescript/core/tests/browser/table.ts';
import { LimiServer } from '../../../web/tests/host/limi-server.ts';

const ROOT = path.resolve(import.meta.dirname, '..');

/** The example, built for a backend of its own, as its users would see it. */
const test = base.extend<object, { url: string }>({
  url: [
    // eslint-disable-next-line no-empty-pattern -- Playwright reads the names of what is wanted from here.
    async ({}, use) => {
      const limi = await LimiServer.start();
      const outDir = path.join(ROOT, 'output/site');
      const common = { root: ROOT, logLevel: 'warn', build: { outDir, emptyOutDir: true } } as const;
      process.env['VITE_BACKEND_URL'] = `${limi.url}/api`;
      await build(common);
      const site = await preview({ ...common, preview: { port: 0, host: 'localhost' } });
      await use(site.resolvedUrls?.local[0] ?? '');
      await site.close();
      await limi.stop();
    },
    { scope: 'worker' },
  ],
});

// eslint-disable-next-line no-empty-pattern -- as above; the second argument is what is wanted.
test.afterEach(({}, info) => {
  const passed = info.status === info.expectedStatus;
  for (const behaviour of ['connect', 'speak'] as const) {
    write({ platform: 'React: the example', behaviour, passed, how: `${behaviour}: ${info.title}` });
  }
});

test('from a click to an answer, on a page with rules of its own', async ({ page, url }) => {
  const wrong: string[] = [];
  page.on('pageerror', (error) => wrong.push(String(error)));
  await page.goto(url);
  await expect(page.getByText('Off air')).toBeVisible();
  const button = page.getByRole('button', { name: 'Connect Voice' });
  await expect(button).toHaveCSS('text-transform', 'none');
  await expect(button).toHaveCSS('border-radius', '6px');
  await button.click();
  await expect(page.getByRole('status')).toHaveText('Connected');
  await expect(page.getByText(/On air/)).toBeVisible();
  await expect(page.getByText('Conversations so far: 1')).toBeVisible();
  const transcript = page.getByRole('region', { name: 'Transcript' });
  const heard = transcript
    .locator('li[data-role=user] p')
    .filter({ hasText: /time it is|seconds of speech/i });
  await expect(heard.first()).toBeVisible({ timeout: 60_000 });
  const level = page.getByRole('meter', { name: 'Assistant: level' });
  await expect
    .poll(async () => Number(await level.getAttribute('aria-valuenow')), { timeout: 30_000, intervals: [50] })
    .toBeGreaterThan(3);
  await expect(transcript.locator('li[data-role=assistant] p').first()).toHaveText(/\w+ \w+/);
  await page.screenshot({ path: path.join(ROOT, 'output/react-conversation.png'), fullPage: true });
  await page.getByRole('button', { name: 'Disconnect' }).click();
  await expect(page.getByText('Off air')).toBeVisible();
  expect(wrong).toEqual([]);
});
