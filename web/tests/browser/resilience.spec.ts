import type { Page } from '@playwright/test';
import { LimiServer } from '../host/limi-server.ts';
import { card, expect, test } from './fixtures.ts';

interface Held {
  connections: RTCPeerConnection[];
  channels: RTCDataChannel[];
  tracks: MediaStreamTrack[];
}

/** Remembers what the page opens, to look at it afterwards. */
async function watch(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const held: Held = { connections: [], channels: [], tracks: [] };
    Object.assign(window, { held });
    window.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(configuration?: RTCConfiguration) {
        super(configuration);
        held.connections.push(this);
      }

      override createDataChannel(label: string, options?: RTCDataChannelInit): RTCDataChannel {
        const channel = super.createDataChannel(label, options);
        held.channels.push(channel);
        return channel;
      }
    };
    const devices = navigator.mediaDevices;
    const open = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (constraints) => {
      const stream = await open(constraints);
      held.tracks.push(...stream.getTracks());
      return stream;
    };
  });
}

/** What is open still. */
async function open(page: Page): Promise<{ opened: number; connections: number; tracks: number }> {
  return await page.evaluate(() => {
    const { held } = window as unknown as { held: Held };
    return {
      opened: held.connections.length,
      connections: held.connections.filter((one) => one.signalingState !== 'closed').length,
      tracks: held.tracks.filter((one) => one.readyState === 'live').length,
    };
  });
}

test('nothing is left open after a conversation', async ({ page, limi, shows }) => {
  shows('leak-free');
  await watch(page);
  await page.goto(limi.url);
  const { badge, connect, disconnect } = card(page);
  await connect.click();
  await expect(badge).toHaveText('Connected');
  expect((await open(page)).tracks).toBeGreaterThan(0);
  await disconnect.click();
  await expect(badge).toHaveText('Disconnected');
  // In strict mode too a click makes one connection.
  await expect.poll(() => open(page)).toEqual({ opened: 1, connections: 0, tracks: 0 });
});

test('a call that the server ends is over, and the page says why', async ({ page, limi, shows }) => {
  shows('server-ended');
  await watch(page);
  await page.goto(limi.url);
  const { badge, connect, alert } = card(page);
  await connect.click();
  await expect(badge).toHaveText('Connected');
  await page.evaluate(() => {
    // The sandbox has no budget to use up, so its words come from here; the way they take is the real one.
    const error = {
      type: 'server_error',
      code: 'session_ended',
      message: 'The budget of this call is used up.',
    };
    const data = JSON.stringify({ type: 'error', event_id: 'event_1', error });
    const { held } = window as unknown as { held: Held };
    held.channels[0]?.dispatchEvent(new MessageEvent('message', { data }));
  });
  await expect(badge).toHaveText('Failed');
  await expect(alert).toContainText('The budget of this call is used up.');
  await expect(alert).toContainText('session_ended');
  await expect.poll(async () => (await open(page)).tracks).toBe(0);
});

test.describe('a server that is away', () => {
  test.use({ said: /ERR_CONNECTION_REFUSED|Failed to load resource/ });

  test('is found again, and the page says that it tries', async ({ page, shows }) => {
    shows('reconnect');
    const server = await LimiServer.start();
    try {
      await page.goto(server.url);
      const { badge, connect } = card(page);
      await connect.click();
      await expect(badge).toHaveText('Connected');
      await server.kill();
      await expect(page.getByText(/The connection was lost. Reconnecting, attempt \d/)).toBeVisible({
        timeout: 60_000,
      });
      await expect(badge).toHaveText('Connecting…');
      await expect(page.getByText('The backend does not answer.')).toBeVisible();
      await server.startAgain();
      await expect(badge).toHaveText('Connected', { timeout: 30_000 });
      await expect(page.getByText('This is the sandbox, not OpenAI.')).toBeVisible();
    } finally {
      await server.stop();
    }
  });
});
