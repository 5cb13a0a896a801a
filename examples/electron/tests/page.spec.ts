/** The page of the application in real Chromium, with keys from the bundled main process. */
import { readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { expect, test as base } from '@playwright/test';
import type { VoiceConnectRequest } from '@limi-ai/electron';
import { write } from '../../../clients/typescript/core/tests/browser/table.ts';
import { LimiServer } from '../../../web/tests/host/limi-server.ts';
import { bundle } from '../bundle.ts';
import { Desktop } from './desktop.ts';

const FOLDER = path.resolve(import.meta.dirname, '../output/browser-app');
/** What the content security policy lets the page call. */
const USUAL_BACKEND = 'localhost:3001';
/** With the weights what was said; without, a remark such as "(3.4 seconds of speech)". */
const HEARD = /You: .*(time it is|seconds of speech)/i;

const test = base.extend<object, { desktop: Desktop & { address: string } }>({
  desktop: [
    // eslint-disable-next-line no-empty-pattern -- Playwright reads the names of what is wanted from here.
    async ({}, use) => {
      const limi = await LimiServer.start();
      await bundle(FOLDER);
      const index = path.join(FOLDER, 'index.html');
      const { port } = new URL(limi.url);
      writeFileSync(index, readFileSync(index, 'utf8').replaceAll(USUAL_BACKEND, `localhost:${port}`));
      const desktop = new Desktop(FOLDER);
      desktop.run('main.cjs', { LIMI_BACKEND_URL: `${limi.url}/api` });
      await expect.poll(() => desktop.loaded).toEqual(['app://localhost/']);
      desktop.run('preload.cjs');
      const site = await serve(desktop);
      const { port: own } = site.address() as AddressInfo;
      await use(Object.assign(desktop, { address: `http://localhost:${own}/` }));
      site.close();
      desktop.quit();
      await limi.stop();
    },
    { scope: 'worker' },
  ],
});

/** Chromium has no scheme of ours, so it gets the page at an address whose rights come closest. */
async function serve(desktop: Desktop): Promise<Server> {
  const answer = async (url: string, response: ServerResponse): Promise<void> => {
    const page = await desktop.page(`app://localhost${url}`);
    const type = url.endsWith('.js') ? 'text/javascript' : 'text/html';
    response.writeHead(page.status, { 'Content-Type': `${type}; charset=utf-8` }).end(await page.text());
  };
  const site = createServer((request, response) => void answer(request.url ?? '/', response));
  await once(site.listen(0, 'localhost'), 'listening');
  return site;
}

test.beforeEach(async ({ page, desktop }) => {
  // Electron would carry the calls; here Playwright does.
  await page.exposeFunction('connectInMain', (request: VoiceConnectRequest) =>
    desktop.bridge.connect(request),
  );
  await page.exposeFunction('healthInMain', () => desktop.bridge.health());
  await page.addInitScript(() => {
    const { connectInMain: connect, healthInMain: health } = window as unknown as Record<string, unknown>;
    Object.assign(window, { limiVoice: { connect, health } });
  });
});

// eslint-disable-next-line no-empty-pattern -- as above; the second argument is what is wanted.
test.afterEach(({}, info) => {
  const passed = info.status === info.expectedStatus;
  const platform = 'Electron: its page in Chromium';
  for (const { type, description = '' } of info.annotations) {
    if (type !== 'shows') continue;
    write({ platform, behaviour: description as 'connect', passed, how: `${description}: ${info.title}` });
  }
});

const shows = (...behaviours: string[]) => ({
  annotation: behaviours.map((description) => ({ type: 'shows', description })),
});

for (const [title, behaviours, before] of [
  ['from a click to an answer', ['connect', 'speak'], () => undefined],
  [
    'without WebRTC the conversation goes by WebSocket',
    ['fallback'],
    () => Reflect.deleteProperty(window, 'RTCPeerConnection'),
  ],
] as const) {
  test(title, shows(...behaviours), async ({ page, desktop }) => {
    const wrong: string[] = [];
    page.on('pageerror', (error) => wrong.push(String(error)));
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) wrong.push(message.text());
    });
    await page.addInitScript(before);
    await page.goto(desktop.address);
    const status = page.getByRole('status');
    await expect(status).toHaveText('disconnected');
    await page.getByRole('button', { name: 'Connect Voice' }).click();
    await expect(status).toHaveText('connected');
    const words = page.getByRole('region', { name: 'Transcript' });
    await expect(words.getByText(HEARD).first()).toBeVisible({ timeout: 60_000 });
    await expect(words.getByText(/Assistant: \w+ \w+/).first()).toBeVisible({ timeout: 30_000 });
    await page.getByRole('button', { name: 'Disconnect' }).click();
    await expect(status).toHaveText('disconnected');
    expect(wrong).toEqual([]);
  });
}

test(
  'a microphone that may not be used is explained',
  shows('denied microphone'),
  async ({ page, desktop }) => {
    await page.addInitScript(() => {
      navigator.mediaDevices.getUserMedia = () =>
        Promise.reject(new DOMException('Permission denied', 'NotAllowedError'));
    });
    await page.goto(desktop.address);
    await page.getByRole('button', { name: 'Connect Voice' }).click();
    await expect(page.getByRole('status')).toContainText('The microphone may not be used.');
  },
);
