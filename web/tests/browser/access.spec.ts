import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { LimiServer } from '../host/limi-server.ts';
import { card, expect, test as base } from './fixtures.ts';

/** A server that lets in nobody without a key, as one in production does. */
const test = base.extend<object, { strict: LimiServer; key: string }>({
  key: ['limi_admin_0123456789abcdef0123456789abcdef', { scope: 'worker' }],
  strict: [
    async ({ key }, use) => {
      const folder = mkdtempSync(path.join(tmpdir(), 'limi-keys-'));
      const file = (name: string, content: string): string => {
        const where = path.join(folder, name);
        writeFileSync(where, content, { mode: 0o600 });
        return where;
      };
      const server = await LimiServer.start({
        LIMI_ENV: 'production',
        LIMI_UPSTREAM_URL: 'sandbox',
        LIMI_SECRET_KEY_FILE: file('secret', '5e'.repeat(32)),
        LIMI_ADMIN_KEY_FILE: file('admin', key),
        LIMI_DATABASE_URL: `sqlite:///${path.join(folder, 'limi.db')}`,
      });
      await use(server);
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
    { scope: 'worker' },
  ],
});

test('where callers need a key the page asks for one, and keeps it to itself', async ({
  page,
  strict,
  key,
}) => {
  await page.goto(strict.url);
  const { badge, connect, alert } = card(page);
  const field = page.getByLabel('This server asks for a Limi key:');
  await expect(field).toBeVisible();
  await field.fill(key);
  await connect.click();
  await expect(badge).toHaveText('Connected');
  await expect(alert).toBeHidden();
  const kept = await page.evaluate(() => JSON.stringify([localStorage, sessionStorage, document.cookie]));
  expect(kept).not.toContain(key);
  expect(page.url()).not.toContain(key);
});

test.describe('a key that is not the right one', () => {
  test.use({ said: /401/ });

  test('is said to be so at its field, and the next one is tried on Enter', async ({ page, strict, key }) => {
    await page.goto(strict.url);
    const field = page.getByLabel('This server asks for a Limi key:');
    await card(page).connect.click();
    await expect(field).toHaveAccessibleDescription(/Without a key nobody is let in/);
    await field.fill('limi_sk_wrong');
    await field.press('Enter');
    await expect(field).toHaveAccessibleDescription(/did not accept this key.+limi key create NAME/);
    await expect(field).toHaveAttribute('aria-invalid', 'true');
    await field.fill(key);
    await field.press('Enter');
    await expect(card(page).badge).toHaveText('Connected');
    await expect(field).toHaveAttribute('aria-invalid', 'false');
  });
});
