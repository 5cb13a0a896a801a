import path from 'node:path';
import { nodePlatform } from '@limi-ai/client';
import { createVoiceConnection } from '@limi-ai/electron/renderer';
import { makeFrame } from '@limi-ai/electron/testing';
import { afterAll, beforeAll, beforeEach, afterEach, expect, test, vi } from 'vitest';
import { LimiServer } from '../../../web/tests/host/limi-server.ts';
import { bundle } from '../bundle.ts';
import { Desktop } from './desktop.ts';

const FOLDER = path.resolve(import.meta.dirname, '../output/app');
let limi: LimiServer;
let desktop: Desktop;

beforeAll(async () => {
  await bundle(FOLDER);
  limi = await LimiServer.start();
});

afterAll(() => limi.stop());

beforeEach(async () => {
  desktop = new Desktop(FOLDER);
  desktop.run('main.cjs', { LIMI_BACKEND_URL: `${limi.url}/api` });
  await vi.waitFor(() => {
    expect(desktop.loaded).toEqual(['app://localhost/']);
  });
  desktop.run('preload.cjs');
});

afterEach(() => {
  desktop.quit();
});

test('the page is kept apart from Electron', () => {
  expect(desktop.windows).toMatchObject([
    {
      webPreferences: {
        contextIsolation: true,
        nodeIntegration: false,
        sandbox: true,
        preload: path.join(FOLDER, 'preload.cjs'),
      },
    },
  ]);
  expect(Object.keys(desktop.ipc.world)).toEqual(['limiVoice']);
});

test('the page gets a key from a real backend, and hears of its health', async () => {
  const key = await desktop.bridge.connect({ sessionId: 'desk_1' });
  expect(key).toMatchObject({ success: true, sessionId: 'desk_1' });
  expect(key.success && key.ephemeralKey).toMatch(/^ek_/);
  expect(key.success && key.expiresAt).toBeGreaterThan(Date.now() / 1000);
  expect(await desktop.bridge.health()).toMatchObject({ success: true, status: 'healthy' });
});

test('what the backend refuses is explained', async () => {
  expect(await desktop.bridge.connect({ profile: 'nobody_wrote_it' })).toMatchObject({
    success: false,
    code: 'invalid_request',
    status: 400,
  });
});

test('the page comes from an origin of its own, and nothing else does', async () => {
  expect(await (await desktop.page('app://localhost/')).text()).toContain('<title>Voice assistant</title>');
  expect((await desktop.page('app://localhost/renderer.js')).status).toBe(200);
  for (const url of ['app://localhost/main.cjs', 'app://localhost/..%2fmain.cjs', 'app://elsewhere/']) {
    expect((await desktop.page(url)).status).toBe(404);
  }
});

test('another page gets no key and no microphone', async () => {
  desktop.ipc.frame = makeFrame('file://', 'file:///tmp/downloaded.html');
  expect(await desktop.bridge.connect()).toMatchObject({ success: false, code: 'forbidden' });
  const ask = (permission: string, requestingUrl: string): boolean => {
    const answer = vi.fn<(allowed: boolean) => void>();
    desktop.mayUse?.({} as never, permission as 'media', answer, { requestingUrl } as never);
    return answer.mock.calls[0]?.[0] ?? false;
  };
  expect(ask('media', 'app://localhost/')).toBe(true);
  expect(ask('media', 'file:///tmp/downloaded.html')).toBe(false);
  expect(ask('geolocation', 'app://localhost/')).toBe(false);
});

test('a conversation in the page is answered', async () => {
  const voice = createVoiceConnection({
    backendUrl: `${limi.url}/api`,
    bridge: desktop.bridge,
    // Vitest is no page: it talks by WebSocket, and in writing.
    platform: nodePlatform(),
  });
  await voice.connect();
  voice.sendText('What can you do?');
  await vi.waitFor(
    () => {
      const said = voice.getSnapshot().transcript.filter(({ role, final }) => role === 'assistant' && final);
      expect(said[0]?.text).toMatch(/\w+ \w+/);
    },
    { timeout: 30_000 },
  );
  await voice.disconnect();
  expect(voice.connectionState).toEqual({ status: 'disconnected' });
});

test('quitting ends it', async () => {
  desktop.quit();
  await expect(desktop.bridge.connect()).rejects.toThrow("No handler registered for 'voice-connect'");
});
