/** A session that would reach its longest time is left for another one before it does. */

import { expect } from '@playwright/test';
import type { Page } from '@playwright/test';
import { connect, test } from './fixtures.ts';
import { answers, ask, attempts, disconnect, openings } from './watching.ts';

/** A sandbox's session ends after so long here, instead of upstream's 60 minutes. */
const WALL_SECONDS = 8;
/** In the middle of the first answer, which introduces the sandbox and takes four seconds. */
const RENEW_AFTER_MS = 2_000;

/** Ask as soon as the next session is there: a question between two sessions would go nowhere. */
async function askNext(page: Page, words: string): Promise<void> {
  await page.evaluate(async (text) => {
    const { voice } = globalThis.limi;
    const session = voice?.session;
    await new Promise<void>((resolve) => {
      const stop = voice?.subscribe(() => {
        if (voice.connectionState.status !== 'connected' || voice.session === session) return;
        stop?.();
        voice.sendText(text);
        resolve();
      });
    });
  }, words);
}

/** What a renewed conversation holds; all of it of one moment, for the next renewal is never far. */
async function heldBy(page: Page, transport: string): Promise<Record<string, unknown>> {
  return page.evaluate((kind) => {
    const { voice, taken, left, events } = globalThis.limi;
    const { connections, sockets } = left();
    return {
      status: voice?.connectionState.status,
      microphones: taken.tracks.size,
      connections: kind === 'webrtc' ? connections : sockets,
      errors: events.filter(({ type }) => type === 'error').length,
    };
  }, transport);
}

/** What made the first renewal begin. */
async function renewedBy(page: Page): Promise<string | undefined> {
  return page.evaluate(() => {
    for (const event of globalThis.limi.events) {
      if (event.type === 'phase' && event.phase === 'renewing') return event.input;
    }
    return undefined;
  });
}

for (const transport of ['webrtc', 'websocket'] as const) {
  test(`by ${transport}, in a pause, and the new session knows what was said`, async ({
    client,
    outside: { sandbox, server },
    shows,
  }) => {
    shows('renewal', 'leak-free');
    await sandbox.harm({ where: 'session', what: 'expire', after_seconds: WALL_SECONDS });
    const reconnect = { renewAfterMs: RENEW_AFTER_MS };
    expect(await connect(client, server, { transport, reconnect, muted: true })).toBeNull();
    const began = Date.now();
    const renewed = askNext(client, 'What did you say?');
    await ask(client, 'Repeat after me: blue door', /blue door/);
    await renewed;
    await answers(client, /blue door.*blue door/);
    await expect.poll(() => openings(client), { timeout: 20_000 }).toBeGreaterThan(2);
    await expect.poll(() => Date.now() - began, { timeout: 10_000 }).toBeGreaterThan(WALL_SECONDS * 1000);

    // The microphone stays what it is, so nobody is asked for it again; of the old sessions nothing is left.
    const live = { status: 'connected', microphones: 1, connections: 1, errors: 0 };
    await expect.poll(() => heldBy(client, transport)).toEqual(live);
    expect(await attempts(client)).toEqual([]);
    expect(await renewedBy(client)).toBe('quiet');
    await disconnect(client);
  });
}
