/** A backend, a page with the client, and the table of what works. */

import { chromium, test as base } from '@playwright/test';
import type { Browser, Page } from '@playwright/test';
import { Pages } from './pages.ts';
import type { Offered } from './page.ts';
import { Server } from './server.ts';
import { write } from './table.ts';
import type { Behaviour } from './table.ts';

const EXECUTABLE = process.env['LIMI_CHROMIUM'] ?? '/usr/bin/chromium';

/** A backend with a sandbox outside, which can be told what is to go wrong. */
interface Outside {
  readonly sandbox: Server;
  readonly server: Server;
}

interface Fixtures {
  /** What the table calls the platform that is tried. */
  readonly platform: string;
  readonly server: Server;
  readonly outside: Outside;
  readonly client: Page;
  /** The page in a browser that was started with these switches and no others. */
  readonly clientWith: (...switches: string[]) => Promise<Page>;
  /** Note which behaviour a test shows; it counts as shown when the test passes. */
  readonly shows: (...behaviours: Behaviour[]) => void;
}

export const test = base.extend<Fixtures, { pages: Pages; running: Server; runningOutside: Outside }>({
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
  runningOutside: [
    // eslint-disable-next-line no-empty-pattern -- As above.
    async ({}, use) => {
      const sandbox = await Server.startSandbox();
      try {
        const server = await Server.start(sandbox);
        await use({ sandbox, server });
        await server.stop();
      } finally {
        await sandbox.stop();
      }
    },
    { scope: 'worker' },
  ],
  platform: ['plain JS in Chromium', { option: true }],
  server: async ({ running }, use) => {
    await use(running);
  },
  outside: async ({ runningOutside }, use) => {
    await use(runningOutside);
    await runningOutside.sandbox.heal();
  },
  client: async ({ page, pages }, use) => {
    await use(await visit(page, pages));
  },
  clientWith: async ({ pages }, use) => {
    const browsers: Browser[] = [];
    await use(async (...switches) => {
      const browser = await chromium.launch({
        executablePath: EXECUTABLE,
        args: [...switches, '--no-first-run'],
      });
      browsers.push(browser);
      return visit(await browser.newPage(), pages);
    });
    for (const browser of browsers) await browser.close();
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

async function visit(page: Page, pages: Pages): Promise<Page> {
  await page.goto(pages.url);
  await page.waitForFunction(() => 'limi' in globalThis);
  return page;
}

/**
 * Make a conversation in the page and begin it.
 *
 * @param muted for who only writes: the fake microphone never stops to speak.
 * @returns the error's code, if it fails.
 */
export async function connect(
  page: Page,
  server: Server,
  { muted = false, ...options }: Record<string, unknown> & { muted?: boolean } = {},
): Promise<string | null> {
  return page.evaluate(
    async ([backendUrl, silent, given]) => {
      const { limi } = globalThis as unknown as { limi: Offered };
      limi.voice = new limi.client.VoiceConnection({
        backendUrl,
        ...given,
        onEvent: (event) => limi.events.push(event),
        onStateChange: (state) => limi.states.push(state),
      });
      limi.voice.mute(silent);
      try {
        await limi.voice.connect();
        return null;
      } catch (error) {
        return (error as { code: string }).code;
      }
    },
    [`${server.url}/api`, muted, options] as const,
  );
}
