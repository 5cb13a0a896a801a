/** A network that goes away and comes back, one that lets no UDP through, and a tab that nobody looks at. */

import { expect } from '@playwright/test';
import type { Page } from '@playwright/test';
import { connect, test } from './fixtures.ts';
import type { Server } from './server.ts';
import { ask, attempts, becomes, callId, disconnect, isHeard, openings, snapshot } from './watching.ts';

/** The wait before an attempt; chance may take or add a fifth. */
const DELAY_MS = 1_500;
/** What holds the attempt back holds it for longer than the wait. */
const HELD_MS = 1_900;

/** Hold that nobody asks for a key meanwhile. */
async function asksForNoKey(page: Page): Promise<void> {
  const asked = page.waitForRequest('**/client-secret', { timeout: HELD_MS });
  await expect(asked).rejects.toThrow('Timeout');
}

/** Begin without a voice of one's own, and say something that the next session has to know. */
async function begin(page: Page, server: Server, options: Record<string, unknown>): Promise<void> {
  expect(await connect(page, server, { ...options, muted: true })).toBeNull();
  await ask(page, 'Repeat after me: blue door', /blue door/);
}

/** Go online, and be back by the first attempt, with what was said. */
async function comesBack(page: Page, transport: string): Promise<void> {
  expect(await attempts(page)).toEqual([1]);
  await page.context().setOffline(false);
  await becomes(page, { status: 'connected', transport }, 10_000);
  expect(new Set(await attempts(page))).toEqual(new Set([1]));
  expect(await openings(page)).toBe(2);
  await ask(page, 'What did you say?', /blue door.*blue door/);
  await disconnect(page);
}

test('a call that ends while offline is got back by the first attempt once online', async ({
  client,
  outside: { sandbox, server },
  shows,
}) => {
  shows('offline', 'reconnect', 'leak-free');
  await begin(client, server, { reconnect: { delaysMs: [50] } });
  await client.context().setOffline(true);
  // A word of the browser ends nothing that still holds.
  expect(await snapshot(client)).toEqual({ status: 'connected', transport: 'webrtc' });
  expect(await sandbox.hangUp(await callId(client))).toBe(200);
  await becomes(client, { status: 'connecting' });
  await asksForNoKey(client);
  await comesBack(client, 'webrtc');
});

test('going offline holds back the attempt that was near, and coming online makes it at once', async ({
  client,
  outside: { sandbox, server },
  shows,
}) => {
  shows('offline', 'reconnect', 'leak-free');
  await sandbox.harm({ where: 'socket', what: 'drop', after_seconds: 3, times: 1 });
  await begin(client, server, { transport: 'websocket', reconnect: { delaysMs: [DELAY_MS] } });
  // Chromium plays being offline by holding back what comes, the end of a socket too; so that goes before.
  await client.waitForFunction(() => globalThis.limi.voice?.connectionState.status === 'connecting');
  await client.context().setOffline(true);
  await asksForNoKey(client);
  await comesBack(client, 'websocket');
});

test('a tab that nobody looks at goes on, and a lost call is got back when it is looked at', async ({
  client,
  outside: { sandbox, server },
  shows,
}) => {
  shows('reconnect');
  const look = async (state: 'hidden' | 'visible'): Promise<void> => {
    // A browser without a screen shows every tab.
    await client.evaluate((value) => {
      Object.defineProperty(document, 'visibilityState', { configurable: true, value });
      document.dispatchEvent(new Event('visibilitychange'));
    }, state);
  };
  const reconnect = { delaysMs: [60_000] };
  expect(await connect(client, server, { reconnect, muted: true })).toBeNull();
  await look('hidden');
  await ask(client, 'Repeat after me: blue door', /blue door/);
  expect(await sandbox.hangUp(await callId(client))).toBe(200);
  await becomes(client, { status: 'connecting' });
  await look('visible');
  await becomes(client, { status: 'connected', transport: 'webrtc' }, 10_000);
  expect(new Set(await attempts(client))).toEqual(new Set([1]));
  await disconnect(client);
});

test('a network that lets no UDP through is met by WebSocket, which is kept to', async ({
  clientWith,
  outside: { sandbox, server },
  shows,
}) => {
  shows('fallback', 'leak-free');
  const client = await clientWith(
    '--webrtc-ip-handling-policy=disable_non_proxied_udp',
    '--use-fake-ui-for-media-stream',
    '--use-fake-device-for-media-stream',
    '--autoplay-policy=no-user-gesture-required',
  );
  await sandbox.harm({ where: 'socket', what: 'drop', after_seconds: 3, times: 1 });
  // By default it is waited for ten seconds.
  const reconnect = { webrtcTimeoutMs: 1_500, delaysMs: [50] };
  expect(await connect(client, server, { reconnect })).toBeNull();
  expect(await snapshot(client)).toEqual({ status: 'connected', transport: 'websocket' });
  const left = await client.evaluate(() => globalThis.limi.left());
  expect(left).toMatchObject({ connections: 0, sockets: 1, tracks: 1 });
  await isHeard(client, 'input');
  // Who is lost once does not try the blocked way again.
  await expect.poll(() => attempts(client), { timeout: 10_000 }).toContain(1);
  await becomes(client, { status: 'connected', transport: 'websocket' });
  expect(await openings(client)).toBe(3);
  await disconnect(client);
});
