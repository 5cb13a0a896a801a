import AxeBuilder from '@axe-core/playwright';
import { card, expect, test } from './fixtures.ts';

const SCREENS = [
  { name: 'light', colorScheme: 'light', width: 1_280 },
  { name: 'dark', colorScheme: 'dark', width: 1_280 },
  { name: 'phone', colorScheme: 'dark', width: 390 },
] as const;

for (const { name, colorScheme, width } of SCREENS) {
  test.describe(name, () => {
    test.use({ colorScheme, viewport: { width, height: 900 } });

    test('can be read by everybody, at rest and in a conversation', async ({ page, limi }) => {
      await page.goto(limi.url);
      await expect(page.getByText('This is the sandbox')).toBeVisible();
      expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
      await card(page).connect.click();
      await expect(card(page).badge).toHaveText('Connected');
      await expect(card(page).said('assistant').first()).toHaveText(/\w+ \w+/, { timeout: 60_000 });
      await page.mouse.move(0, 0);
      await page.screenshot({ path: `output/voice-page-${name}.png`, fullPage: true });
      expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
    });

    test('nothing sticks out', async ({ page, limi }) => {
      await page.goto(limi.url);
      await expect(page.getByText('This is the sandbox')).toBeVisible();
      const [inside, all] = await page.evaluate(() => [
        document.documentElement.clientWidth,
        document.documentElement.scrollWidth,
      ]);
      expect(all).toBe(inside);
    });
  });
}

test('everything can be done with the keyboard', async ({ page, limi }) => {
  await page.goto(limi.url);
  const { badge, connect, disconnect } = card(page);
  await connect.focus();
  await page.keyboard.press('Enter');
  await expect(badge).toHaveText('Connected');
  await expect(disconnect).toBeFocused();
  await page.keyboard.press('Space');
  await expect(badge).toHaveText('Disconnected');
});

test.describe('what the server writes itself', () => {
  test.use({ viewport: { width: 320, height: 640 } });

  for (const path of ['docs', 'errors', 'errors/microphone_denied']) {
    test(`/${path} fits a small phone, and can be read by everybody`, async ({ page, limi }) => {
      await page.goto(`${limi.url}/${path}`);
      expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
      const [inside, all] = await page.evaluate(() => [
        document.documentElement.clientWidth,
        document.documentElement.scrollWidth,
      ]);
      expect(all).toBe(inside);
    });
  }
});
