/** A backend, a page with the client, and the table of what works. */

import { test as base } from '@playwright/test';
import type { Page } from '@playwright/test';
import { Pages } from './pages.ts';
import type { Offered } from './page.ts';
import { Server } from './server.ts';
import { write } from './table.ts';
import type { Behaviour } from './table.ts';

interface Fixtures {
  /** What the table calls the platform that is tried. */
  readonly platform: string;
  readonly server: Server;
  readonly client: Page;
  /** Note which behaviour a test shows; it counts as shown when the test passes. */
  readonly shows: (...behaviours: Behaviour[]) => void;
}

export const test = base.extend<Fixtures, { pages: Pages; running: Server }>({
  pages: [
    // eslint-disable-next-line no-empty-pattern -- Playwright reads the names of what is wanted from here.
    async ({}, use) => {
      const pages = await Pages.start();
      await use(pages);
      await pages.stop();
    },
    { scope: 'worker' },
  ],
  running: [
    // eslint-disable-next-line no-empty-pattern -- As above.
    async ({}, use) => {
      const server = await Server.start();
      await use(server);
      await server.stop();
    },
    { scope: 'worker' },
  ],
  platform: ['plain JS in Chromium', { option: true }],
  server: async ({ running }, use) => {
    await use(running);
  },
  client: async ({ page, pages }, use) => {
    await page.goto(pages.url);
    await page.waitForFunction(() => 'limi' in globalThis);
    await use(page);
  },
  shows: async ({ platform }, use, info) => {
    const shown: Behaviour[] = [];
    await use((...behaviours) => shown.push(...behaviours));
    const passed = info.status === info.expectedStatus;
    for (const behaviour of shown) {
      write({ platform, behaviour, passed, how: `${behaviour}: ${info.title}` });
    }
  },
});

/** Make a conversation in the page and begin it. @returns the error's code, if it fails. */
export async function connect(
  page: Page,
  server: Server,
  options: Record<string, unknown> = {},
): Promise<string | null> {
  return page.evaluate(
    async ([backendUrl, given]) => {
      const { limi } = globalThis as unknown as { limi: Offered };
      limi.voice = new limi.client.VoiceConnection({
        backendUrl,
        ...given,
        onEvent: (event) => limi.events.push(event),
        onStateChange: (state) => limi.states.push(state),
      });
      try {
        await limi.voice.connect();
        return null;
      } catch (error) {
        return (error as { code: string }).code;
      }
    },
    [`${server.url}/api`, options] as const,
  );
}
