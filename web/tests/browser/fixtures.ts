import { existsSync } from 'node:fs';
import path from 'node:path';
import { expect, test as base, type Page } from '@playwright/test';
import { write, type Behaviour } from '../../../clients/typescript/core/tests/browser/table.ts';
import { LimiServer, REPOSITORY } from '../host/limi-server.ts';

interface Fixtures {
  /** What may be said on the console all the same: that a server is away, where that is tried. */
  said: RegExp | null;
  quiet: undefined;
  /** Puts what a test has shown into the table of platforms and behaviours. */
  shows: (...behaviours: Behaviour[]) => void;
}

/** A server with the sandbox inside, and a console on which nothing may be wrong. */
export const test = base.extend<Fixtures, { limi: LimiServer }>({
  limi: [
    // eslint-disable-next-line no-empty-pattern -- Playwright reads the names of what is wanted from here.
    async ({}, use) => {
      if (!existsSync(path.join(REPOSITORY, 'src/limi/web/index.html'))) {
        throw new Error('the voice page is not built: `scripts/web.sh .venv` builds it');
      }
      const server = await LimiServer.start();
      await use(server);
      await server.stop();
    },
    { scope: 'worker' },
  ],
  said: [null, { option: true }],
  // eslint-disable-next-line no-empty-pattern -- as above.
  shows: async ({}, use, info) => {
    const shown: Behaviour[] = [];
    await use((...behaviours) => void shown.push(...behaviours));
    const passed = info.status === info.expectedStatus;
    for (const behaviour of shown) {
      write({ platform: 'React: the voice page', behaviour, passed, how: `${behaviour}: ${info.title}` });
    }
  },
  quiet: [
    async ({ page, said: allowed }, use) => {
      const said: string[] = [];
      page.on('console', (message) => {
        if (!['error', 'warning'].includes(message.type())) return;
        if (allowed?.test(message.text()) !== true) said.push(message.text());
      });
      page.on('pageerror', (error) => said.push(String(error)));
      await use(undefined);
      expect(said, 'nothing is wrong on the console').toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };

/** What one looks at and clicks on in the card. */
export function card(page: Page) {
  return {
    badge: page.getByRole('status'),
    connect: page.getByRole('button', { name: 'Connect Voice' }),
    disconnect: page.getByRole('button', { name: 'Disconnect' }),
    mute: page.getByRole('button', { name: 'Mute' }),
    alert: page.getByRole('alert'),
    said: (by: 'user' | 'assistant') =>
      page.getByRole('region', { name: 'Transcript' }).locator(`li[data-role=${by}] p`),
    meter: (of: 'You' | 'Assistant') => page.getByRole('meter', { name: `${of}: level` }),
  };
}

/** Waits until a meter has moved. */
export async function expectToMove(meter: ReturnType<ReturnType<typeof card>['meter']>): Promise<void> {
  await expect
    .poll(async () => Number(await meter.getAttribute('aria-valuenow')), { timeout: 30_000, intervals: [50] })
    .toBeGreaterThan(3);
}
