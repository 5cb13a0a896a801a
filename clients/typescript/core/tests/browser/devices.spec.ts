/** Microphones that come and go in the middle of a conversation. */

import { expect } from '@playwright/test';
import type { Page } from '@playwright/test';
import { connect, test } from './fixtures.ts';
import { becomes, disconnect, isHeard, openings, problem, SPEECH_MS } from './watching.ts';

/** As a browser does when a device is pulled out: the track ends by itself, and the page is told of both. */
async function pullOut(page: Page): Promise<void> {
  await page.evaluate(() => {
    const [track] = [...globalThis.limi.taken.tracks].filter(({ readyState }) => readyState === 'live');
    track?.stop();
    track?.dispatchEvent(new Event('ended'));
    navigator.mediaDevices.dispatchEvent(new Event('devicechange'));
  });
}

async function plugIn(page: Page): Promise<void> {
  await page.evaluate(() => navigator.mediaDevices.dispatchEvent(new Event('devicechange')));
}

async function tracks(page: Page): Promise<{ taken: number; live: number; enabled: number }> {
  return page.evaluate(() => {
    const all = [...globalThis.limi.taken.tracks];
    const live = all.filter(({ readyState }) => readyState === 'live');
    return {
      taken: all.length,
      live: live.length,
      enabled: live.filter(({ enabled }) => enabled).length,
    };
  });
}

/** How often the server has heard the microphone speak. */
async function turns(page: Page): Promise<number> {
  return page.evaluate(() => {
    const { transcript } = globalThis.limi.voice?.getSnapshot() ?? { transcript: [] };
    return transcript.filter(({ role }) => role === 'user').length;
  });
}

for (const transport of ['webrtc', 'websocket'] as const) {
  test(`another microphone takes the place of one that is pulled out, by ${transport}`, async ({
    client,
    server,
    shows,
  }) => {
    shows('device change', 'leak-free');
    expect(await connect(client, server, { transport })).toBeNull();
    expect(await tracks(client)).toEqual({ taken: 1, live: 1, enabled: 1 });
    await pullOut(client);
    await expect.poll(() => tracks(client)).toEqual({ taken: 2, live: 1, enabled: 1 });
    await isHeard(client, 'input');
    const before = await turns(client);
    await expect.poll(() => turns(client), { timeout: SPEECH_MS }).toBeGreaterThan(before);

    await client.evaluate(() => globalThis.limi.voice?.mute(true));
    await pullOut(client);
    await expect.poll(() => tracks(client)).toEqual({ taken: 3, live: 1, enabled: 0 });
    // A device that comes while one is in use changes nothing, and the session was the same all the time.
    await plugIn(client);
    expect(await tracks(client)).toEqual({ taken: 3, live: 1, enabled: 0 });
    expect(await openings(client)).toBe(1);
    await disconnect(client);
  });
}

test('a permission that is taken back is explained, and used again once it is given again', async ({
  clientWith,
  server,
  shows,
}) => {
  shows('device change', 'denied microphone', 'leak-free');
  const client = await clientWith(
    '--use-fake-device-for-media-stream=device-count=2',
    '--autoplay-policy=no-user-gesture-required',
    '--allow-loopback-in-peer-connection',
  );
  const permissions = client.context();
  await permissions.grantPermissions(['microphone']);
  expect(await connect(client, server)).toBeNull();
  // Here the browser ends the track itself.
  await permissions.clearPermissions();
  await becomes(client, { status: 'connected', code: 'microphone_denied' });
  expect(await tracks(client)).toEqual({ taken: 1, live: 0, enabled: 0 });
  expect((await problem(client)).reference).toBe(`${server.url}/errors/microphone_denied`);

  await permissions.grantPermissions(['microphone']);
  await plugIn(client);
  await expect.poll(() => problem(client)).toEqual({});
  expect(await tracks(client)).toEqual({ taken: 2, live: 1, enabled: 1 });
  await isHeard(client, 'input');
  expect(await openings(client)).toBe(1);
  await disconnect(client);
});
