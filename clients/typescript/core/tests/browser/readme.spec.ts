/** The first example of the README is run as it stands there, but for the address of the backend. */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from '@playwright/test';
import { build } from 'esbuild';
import { test } from './fixtures.ts';

const PACKAGE = path.resolve(import.meta.dirname, '../..');

test.use({ platform: 'plain JS in Chromium (README)' });

test('the first example', async ({ page, pages, server, shows }) => {
  shows('connect', 'speak');
  const readme = readFileSync(path.join(PACKAGE, 'README.md'), 'utf8');
  const [, example = ''] = /```js\n([^]*?)```/.exec(readme) ?? [];
  expect(example.split('\n').length).toBeLessThan(15);
  const { outputFiles } = await build({
    stdin: { contents: example.replace('http://localhost:3001', server.url), resolveDir: PACKAGE },
    bundle: true,
    format: 'esm',
    platform: 'browser',
    write: false,
    logLevel: 'warning',
  });
  const script = outputFiles[0]?.text ?? '';
  const html =
    '<!doctype html><meta charset="utf-8"><button>Talk</button><p id="state"></p><pre id="words"></pre>';
  await page.goto(pages.offer('example', html, script));
  await page.click('button');
  await expect(page.locator('#state')).toHaveText('connected', { timeout: 20_000 });
  await expect(page.locator('#words')).toContainText('assistant: ', { timeout: 40_000 });
});
