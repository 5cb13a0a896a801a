import { test as base } from '@playwright/test';
import { PageServer } from '../../src/host/page-server.ts';
import { hangUp, target } from '../../src/host/target.ts';

/** A page that is loaded and ready to play scenarios. */
export const test = base.extend<{ player: undefined }, { pages: PageServer }>({
  pages: [
    // eslint-disable-next-line no-empty-pattern -- Playwright reads the names of what is wanted from here.
    async ({}, use) => {
      const server = await PageServer.start();
      await use(server);
      await server.stop();
    },
    { scope: 'worker' },
  ],
  player: [
    async ({ page, pages }, use) => {
      await page.exposeFunction('hangUp', async (callId: string) => {
        await hangUp(callId, target().url);
      });
      await page.goto(pages.url);
      await page.waitForFunction(() => 'play' in window);
      await use(undefined);
    },
    { auto: true },
  ],
});
