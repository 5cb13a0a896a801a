/**
 * What a page with a voice owes its users, whatever it is made with: the tests that the examples have in common.
 *
 * @module
 */
import AxeBuilder from '@axe-core/playwright';
import { expect, test as base, type Page } from '@playwright/test';
import { write, type Behaviour } from '../../../clients/typescript/core/tests/browser/table.ts';
import { IMPATIENT } from './example-config.ts';
import { LimiServer } from './limi-server.ts';

export interface Site {
  readonly url: string;
  readonly close: () => void | Promise<void>;
}

export interface Example {
  /** Its row in the table of platforms and behaviours. */
  readonly platform: string;
  /** Serves the page as its users would see it, with this backend. */
  readonly serve: (backendUrl: string) => Promise<Site>;
  /** Where to put a picture of it in conversation. */
  readonly picture: string;
}

interface Held {
  readonly connections: RTCPeerConnection[];
  readonly channels: RTCDataChannel[];
  readonly tracks: MediaStreamTrack[];
  /** The types of the events that came. */
  readonly told: string[];
}

/** With the weights what was said; without, a remark such as "(3.4 seconds of speech)". */
const HEARD = /time it is|seconds of speech/i;
/** The sandbox introduces itself in a sentence, and then answers. */
const ANSWERED = /\. \w+/;

/** Holds an example to all that it owes. Its page has a status, a button, two meters, and a list of what was said. */
export function testExample(example: Example): void {
  const test = withServer(example);

  test('from a click to an answer', async ({ page, url, shows }) => {
    shows('connect', 'speak');
    await page.setViewportSize({ width: 720, height: 520 });
    await page.goto(url);
    const { status, connect, disconnect, said, level } = parts(page);
    await expect(status).toHaveText(/^disconnected$/i);
    await connect.click();
    await expect(status).toHaveText(/^connected$/i);
    await expect(said('user').filter({ hasText: HEARD }).first()).toBeVisible({ timeout: 60_000 });
    await expect.poll(level, { timeout: 30_000, intervals: [50] }).toBeGreaterThan(3);
    await expect(said('assistant').first()).toHaveText(ANSWERED, { timeout: 30_000 });
    await page.screenshot({ path: example.picture });
    expect((await new AxeBuilder({ page }).analyze()).violations, 'everybody can read it').toEqual([]);
    await disconnect.click();
    await expect(status).toHaveText(/^disconnected$/i);
    await expect(said('assistant').first()).toBeVisible();
  });

  test('without WebRTC the conversation goes by WebSocket', async ({ page, url, shows }) => {
    shows('fallback');
    await page.addInitScript(() => Reflect.deleteProperty(window, 'RTCPeerConnection'));
    await page.goto(url);
    const { status, connect, said, level } = parts(page);
    await connect.click();
    await expect(status).toHaveText(/^connected$/i);
    await expect.poll(level, { timeout: 60_000, intervals: [50] }).toBeGreaterThan(3);
    await expect(said('assistant').first()).toHaveText(ANSWERED, { timeout: 30_000 });
  });

  test('who speaks into the answer interrupts it', { tag: IMPATIENT }, async ({ page, url, shows }) => {
    shows('barge-in');
    await watch(page);
    await page.goto(url);
    const { connect, said, level } = parts(page);
    await connect.click();
    await expect.poll(level, { timeout: 60_000, intervals: [50] }).toBeGreaterThan(3);
    // What was not heard yet is taken back, and the new words are answered.
    await expect
      .poll(() => page.evaluate(() => (window as unknown as { held: Held }).held.told), { timeout: 60_000 })
      .toContain('output_audio_buffer.cleared');
    await expect(said('user').nth(1)).toHaveText(/\w/, { timeout: 30_000 });
    // Of the second turn only a part may be understood, and be answered in one sentence instead of two.
    await expect(said('assistant').nth(1)).toHaveText(/\w+ \w+ \w+/, { timeout: 30_000 });
  });

  test('a microphone that may not be used is explained, with a link', async ({ page, url, limi, shows }) => {
    shows('denied microphone');
    await page.addInitScript(() => {
      navigator.mediaDevices.getUserMedia = () =>
        Promise.reject(new DOMException('Permission denied', 'NotAllowedError'));
    });
    await page.goto(url);
    const { status, connect, alert } = parts(page);
    await connect.click();
    await expect(status).toHaveText(/^failed$/i);
    const link = alert.getByRole('link', { name: 'How to fix this' });
    await expect(link).toHaveAttribute('href', `${limi.url}/errors/microphone_denied`);
    await expect(connect).toBeEnabled();
  });

  test('nothing is left open after a conversation', async ({ page, url, shows }) => {
    shows('leak-free');
    await watch(page);
    await page.goto(url);
    const { status, connect, disconnect } = parts(page);
    await connect.click();
    await expect(status).toHaveText(/^connected$/i);
    expect((await left(page)).tracks).toBeGreaterThan(0);
    await disconnect.click();
    await expect.poll(() => left(page)).toEqual({ opened: 1, connections: 0, tracks: 0 });
  });

  test('a call that the server ends is over, and the page says why', async ({ page, url, shows }) => {
    shows('server-ended');
    await watch(page);
    await page.goto(url);
    const { status, connect, alert } = parts(page);
    await connect.click();
    await expect(status).toHaveText(/^connected$/i);
    await page.evaluate(() => {
      // The sandbox has no budget to use up, so its words come from here; the way they take is the real one.
      const error = { type: 'server_error', code: 'session_ended', message: 'The budget is used up.' };
      const data = JSON.stringify({ type: 'error', event_id: 'event_1', error });
      const { held } = window as unknown as { held: Held };
      held.channels[0]?.dispatchEvent(new MessageEvent('message', { data }));
    });
    await expect(status).toHaveText(/^failed$/i);
    await expect(alert).toContainText('The budget is used up.');
    await expect.poll(async () => (await left(page)).tracks).toBe(0);
  });

  test.describe('a server that is away', () => {
    test.use({ said: /ERR_CONNECTION_REFUSED|Failed to load resource/ });

    test('is found again, and the page says that it tries', async ({ page, url, limi, shows }) => {
      shows('reconnect');
      await page.goto(url);
      const { status, connect } = parts(page);
      await connect.click();
      await expect(status).toHaveText(/^connected$/i);
      await limi.kill();
      await expect(page.getByText(/attempt \d/)).toBeVisible({ timeout: 60_000 });
      await limi.startAgain();
      await expect(status).toHaveText(/^connected$/i, { timeout: 30_000 });
    });
  });
}

interface Fixtures {
  /** What may be said on the console all the same: that a server is away, where that is tried. */
  said: RegExp | null;
  quiet: undefined;
  /** Puts what a test has shown into the table of platforms and behaviours. */
  shows: (...behaviours: Behaviour[]) => void;
}

/** A backend with the sandbox inside, the example beside it, and a console on which nothing may be wrong. */
function withServer({ platform, serve }: Example) {
  return base.extend<Fixtures, { limi: LimiServer; url: string }>({
    limi: [
      // eslint-disable-next-line no-empty-pattern -- Playwright reads the names of what is wanted from here.
      async ({}, use) => {
        const server = await LimiServer.start();
        await use(server);
        await server.stop();
      },
      { scope: 'worker' },
    ],
    url: [
      async ({ limi }, use) => {
        const site = await serve(`${limi.url}/api`);
        await use(site.url);
        await site.close();
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
        write({ platform, behaviour, passed, how: `${behaviour}: ${info.title}` });
      }
    },
    quiet: [
      async ({ page, said: allowed }, use) => {
        const wrong: string[] = [];
        page.on('console', (message) => {
          if (!['error', 'warning'].includes(message.type())) return;
          if (allowed?.test(message.text()) !== true) wrong.push(message.text());
        });
        page.on('pageerror', (error) => wrong.push(String(error)));
        // Reports are the core's business and the backend's; here they would only be noise.
        await page.route('**/api/analytics/events', (route) =>
          route.fulfill({ status: 202, json: { accepted: 1 } }),
        );
        await use(undefined);
        expect(wrong, 'nothing is wrong on the console').toEqual([]);
      },
      { auto: true },
    ],
  });
}

/** What one looks at and clicks on. */
function parts(page: Page) {
  const meter = page.getByRole('meter', { name: /^Assistant/ });
  const transcript = page.getByLabel('Transcript');
  return {
    status: page.getByRole('status'),
    connect: page.getByRole('button', { name: 'Connect Voice' }),
    disconnect: page.getByRole('button', { name: 'Disconnect' }),
    alert: page.getByRole('alert'),
    said: (by: 'user' | 'assistant') => transcript.locator(`[data-role=${by}]`),
    /** How loud the assistant is, in percent. */
    level: () =>
      meter.evaluate((shown) =>
        shown instanceof HTMLMeterElement ? shown.value * 100 : Number(shown.ariaValueNow),
      ),
  };
}

/** Remembers what the page opens, to look at it afterwards. */
async function watch(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const held: Held = { connections: [], channels: [], tracks: [], told: [] };
    Object.assign(window, { held });
    window.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(configuration?: RTCConfiguration) {
        super(configuration);
        held.connections.push(this);
      }

      override createDataChannel(label: string, options?: RTCDataChannelInit): RTCDataChannel {
        const channel = super.createDataChannel(label, options);
        held.channels.push(channel);
        channel.addEventListener('message', ({ data }) => {
          held.told.push((JSON.parse(String(data)) as { type: string }).type);
        });
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
async function left(page: Page): Promise<{ opened: number; connections: number; tracks: number }> {
  return await page.evaluate(() => {
    const { held } = window as unknown as { held: Held };
    return {
      opened: held.connections.length,
      connections: held.connections.filter((one) => one.signalingState !== 'closed').length,
      tracks: held.tracks.filter((one) => one.readyState === 'live').length,
    };
  });
}
