import { expect, test } from '@playwright/test';
import { LimiServer } from '../../../web/tests/host/limi-server.ts';
import { serve } from './site.ts';

test('the component keeps its looks on a page with rules of its own, which sees what it does', async ({
  page,
}) => {
  const limi = await LimiServer.start();
  const site = await serve(`${limi.url}/api`);
  try {
    await page.goto(site.url);
    await expect(page.getByText('Off air')).toBeVisible();
    const button = page.getByRole('button', { name: 'Connect Voice' });
    await expect(button).toHaveCSS('text-transform', 'none');
    await expect(button).toHaveCSS('border-radius', '6px');
    await button.click();
    await expect(page.getByText(/On air/)).toBeVisible();
    await expect(page.getByText('Conversations so far: 1')).toBeVisible();
    await page.getByRole('button', { name: 'Disconnect' }).click();
    await expect(page.getByText('Off air')).toBeVisible();
  } finally {
    await site.close();
    await limi.stop();
  }
});
