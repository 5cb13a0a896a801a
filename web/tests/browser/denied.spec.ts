import { card, expect, test } from './fixtures.ts';

test('a microphone that may not be used is explained, with a link that leads somewhere', async ({
  page,
  limi,
  shows,
}) => {
  shows('denied microphone');
  await page.goto(limi.url);
  const { badge, connect, alert } = card(page);
  await connect.click();
  await expect(badge).toHaveText('Failed');
  await expect(alert).toContainText('microphone_denied');
  await page.screenshot({ path: 'output/voice-page-denied.png', fullPage: true });
  const link = alert.getByRole('link', { name: 'How to fix this' });
  const reference = await link.getAttribute('href');
  expect(reference).toBe(`${limi.url}/errors/microphone_denied`);
  const explanation = await page.request.get(reference ?? '');
  expect(explanation.status()).toBe(200);
  expect(await explanation.text()).toContain('microphone_denied');
  await expect(connect).toBeEnabled();
});
