import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakePlatform } from '@limi-ai/client/testing';
import { LimiAIDesktopIntegration } from '../src/index.ts';
import type { VoiceBridge } from '../src/index.ts';
import { createVoiceConnection } from '../src/renderer.ts';
import { FakeElectron, makeFrame } from '../src/testing.ts';
import { electron } from './electron.ts';

const BACKEND = 'http://limi.test/api';
const IDLE = { timers: 0, microphones: 0, sessions: 0, listeners: 0, requests: 0 };
/** The main process's world, and the page's. */
let main: FakePlatform;
let page: FakePlatform;
let integration: LimiAIDesktopIntegration;
let bridge: VoiceBridge;

await import('../src/preload.ts');

beforeEach(() => {
  main = new FakePlatform();
  page = new FakePlatform();
  electron.frame = makeFrame('app://localhost');
  integration = new LimiAIDesktopIntegration(BACKEND, { platform: main, apiKey: 'limi_live_secret' });
  bridge = electron.world['limiVoice'] as VoiceBridge;
});

afterEach(() => {
  integration.dispose();
});

const converse = () =>
  createVoiceConnection({ backendUrl: BACKEND, bridge, platform: page, profile: 'desk' });

describe('the preload script', () => {
  test('gives the page two functions, and nothing of Electron', () => {
    expect(Object.keys(electron.world)).toEqual(['limiVoice']);
    expect(Object.entries(bridge).map(([name, value]) => [name, typeof value])).toEqual([
      ['connect', 'function'],
      ['health', 'function'],
    ]);
    expect(Object.isFrozen(bridge)).toBe(true);
  });

  test('hands on what a key is asked for with and no argument more', async () => {
    const invoke = vi.spyOn(electron.ipcRenderer, 'invoke');
    const connect = bridge.connect as (...given: unknown[]) => Promise<unknown>;
    const health = bridge.health as (...given: unknown[]) => Promise<unknown>;
    expect(await connect({ model: 'gpt-realtime-2.1' }, 'more')).toMatchObject({ success: true });
    expect(await health('more')).toMatchObject({ success: true });
    expect(invoke.mock.calls).toEqual([['voice-connect', { model: 'gpt-realtime-2.1' }], ['voice-health']]);
  });

  test('does nothing without context isolation', async () => {
    const open = new FakeElectron();
    open.contextIsolation = false;
    vi.resetModules();
    vi.doMock('electron', () => open);
    await expect(import('../src/preload.ts')).rejects.toThrow('contextIsolation');
    vi.doUnmock('electron');
    expect(open.world).toEqual({});
  });
});

describe('a conversation in the page', () => {
  test('mints in the main process, and holds the session in the page', async () => {
    const voice = converse();
    await voice.connect();
    expect(voice.connectionState).toEqual({ status: 'connected', sessionId: 'sess_fake' });
    expect(main.bodies('/client-secret')).toEqual([{ profile: 'desk' }]);
    expect(page.requests).toEqual([]);
    expect(page.session.request).toMatchObject({ transport: 'webrtc', key: 'ek_fake1' });
    expect(JSON.stringify(page.session.request)).not.toContain('limi_live_secret');
    await voice.disconnect();
    expect(page.held).toEqual(IDLE);
  });

  test('reconnects with another key of the main process', async () => {
    const voice = converse();
    await voice.connect();
    page.session.breakDown();
    expect(voice.connectionState).toMatchObject({ status: 'connecting', attempt: 1 });
    await page.pass(1_500);
    await vi.waitFor(() => {
      expect(voice.connectionState.status).toBe('connected');
    });
    expect(page.session.request.key).toBe('ek_fake2');
    expect(main.bodies('/client-secret')[1]).toEqual({ profile: 'desk', sessionId: 'sess_fake' });
    await voice.disconnect();
    expect(page.held).toEqual(IDLE);
  });

  test('explains what the backend said to the main process', async () => {
    const body = { code: 'auth_required', message: 'Who are you?', action: 'Send a key', requestId: 'req_7' };
    main.answer = () => ({ status: 401, body });
    const voice = converse();
    await expect(voice.connect()).rejects.toMatchObject({
      code: 'auth_required',
      message: 'Who are you?',
      hint: 'Send a key',
      status: 401,
      requestId: 'req_7',
      reference: 'http://limi.test/errors/auth_required',
    });
    expect(main.requests).toHaveLength(1);
  });

  test('leaves repeating to the main process', async () => {
    main.answer = () => ({ status: 503, body: { code: 'overloaded', message: 'Later', requestId: 'req_7' } });
    const connect = vi.fn(bridge.connect);
    const voice = createVoiceConnection({
      backendUrl: BACKEND,
      platform: page,
      bridge: { ...bridge, connect },
      reconnect: { maxAttempts: 0 },
    });
    const connecting = voice.connect().catch((error: unknown) => error);
    await vi.waitFor(async () => {
      await main.pass(1_000);
      await page.pass(1_000);
      expect(voice.connectionState.status).toBe('failed');
    });
    expect(await connecting).toMatchObject({ code: 'overloaded', status: 503 });
    expect([connect.mock.calls.length, main.requests.length]).toEqual([1, 3]);
  });

  test('asks the main process for keys and nothing else: what is reported goes nowhere', async () => {
    const connect = vi.fn(bridge.connect);
    const voice = createVoiceConnection({
      backendUrl: BACKEND,
      platform: page,
      bridge: { ...bridge, connect },
    });
    await voice.connect();
    await page.pass(60_000);
    await voice.disconnect();
    expect(connect).toHaveBeenCalledOnce();
  });

  test('explains that its page is not on the list', async () => {
    electron.frame = makeFrame('https://elsewhere.test');
    await expect(converse().connect()).rejects.toMatchObject({ code: 'forbidden' });
  });

  test('can be called off while the main process is asked', async () => {
    const voice = createVoiceConnection({
      backendUrl: BACKEND,
      platform: page,
      bridge: { ...bridge, connect: () => new Promise(() => undefined) },
    });
    const connecting = voice.connect();
    await page.pass(0);
    expect(voice.connectionState.status).toBe('connecting');
    await voice.disconnect();
    await connecting;
    await page.pass(60_000);
    expect(voice.connectionState.status).toBe('disconnected');
    expect(page.held).toEqual(IDLE);
  });

  test('says so when the main process is silent', async () => {
    const voice = createVoiceConnection({
      backendUrl: BACKEND,
      platform: page,
      timeoutMs: 5_000,
      reconnect: { maxAttempts: 0 },
      bridge: { ...bridge, connect: () => new Promise(() => undefined) },
    });
    const connecting = voice.connect().catch((error: unknown) => error);
    await page.pass(60_000);
    expect(await connecting).toMatchObject({ code: 'token_generation_timeout' });
    expect(page.held).toEqual(IDLE);
  });

  test('finds the bridge in the window, or says that there is none', async () => {
    expect(() => createVoiceConnection({ backendUrl: BACKEND, platform: page })).toThrow(
      'there is no window.limiVoice: load @limi-ai/electron/preload as the preload script',
    );
    vi.stubGlobal('limiVoice', bridge);
    const voice = createVoiceConnection({ backendUrl: BACKEND, platform: page });
    await voice.connect();
    expect(voice.connectionState.status).toBe('connected');
    await voice.disconnect();
    vi.unstubAllGlobals();
  });
});
