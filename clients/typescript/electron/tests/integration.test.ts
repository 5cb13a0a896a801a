import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakePlatform } from '@limi-ai/client/testing';
import { LimiAIDesktopIntegration } from '../src/index.ts';
import type { DesktopOptions } from '../src/index.ts';
import { makeFrame } from '../src/testing.ts';
import { refusing } from './backend.ts';
import { electron } from './electron.ts';

const BACKEND = 'http://limi.test/api';
const API_KEY = 'limi_live_secret';
let world: FakePlatform;
let integration: LimiAIDesktopIntegration | null = null;

beforeEach(() => {
  world = new FakePlatform();
  electron.frame = makeFrame('app://localhost');
});

afterEach(() => {
  integration?.dispose();
  integration = null;
});

function begin(options: DesktopOptions = {}): void {
  integration = new LimiAIDesktopIntegration(BACKEND, { platform: world, ...options });
}

const connect = (...given: unknown[]): Promise<unknown> =>
  electron.ipcRenderer.invoke('voice-connect', ...given);
const mints = () => world.requests.filter(({ path }) => path === '/client-secret');

describe('voice-connect', () => {
  test('mints a key for a page of the application', async () => {
    begin();
    expect(await connect({ model: 'gpt-realtime-2.1', sessionId: 'desk_1' })).toMatchObject({
      success: true,
      ephemeralKey: 'ek_fake1',
      expiresAt: expect.any(Number) as number,
      sessionId: 'desk_1',
      urls: { webrtc: 'http://limi.test/v1/realtime/calls' },
    });
    expect(mints()[0]?.body).toEqual({ model: 'gpt-realtime-2.1', sessionId: 'desk_1' });
    expect(mints()[0]?.headers).toMatchObject({ 'X-Limi-Client': 'electron/1.0.0' });
  });

  test('works without arguments', async () => {
    begin();
    expect(await connect()).toMatchObject({ success: true, sessionId: 'sess_fake' });
  });

  test('keeps the API key in the main process', async () => {
    begin({ apiKey: API_KEY });
    const answer = await connect();
    expect(mints()[0]?.headers).toMatchObject({ Authorization: `Bearer ${API_KEY}` });
    expect(JSON.stringify(answer)).not.toContain(API_KEY);
  });

  test('says why the backend refused, with its code', async () => {
    const body = {
      code: 'rate_limit_exceeded',
      message: 'Too many keys',
      action: 'Wait',
      reference: 'http://limi.test/errors/rate_limit_exceeded',
      requestId: 'req_7',
      retryAfter: 60_000,
    };
    begin({ platform: refusing({ status: 429, body }) });
    expect(await connect()).toEqual({
      success: false,
      error: 'Too many keys',
      code: 'rate_limit_exceeded',
      hint: 'Wait',
      reference: 'http://limi.test/errors/rate_limit_exceeded',
      status: 429,
      requestId: 'req_7',
      retryAfterMs: 60_000,
    });
  });

  test('says that the backend was not reached', async () => {
    begin({ platform: refusing('unreachable'), maxRetries: 0 });
    expect(await connect()).toMatchObject({ success: false, code: 'network_error' });
  });

  test('tells a page nothing of what goes wrong inside', async () => {
    begin({
      getAuthorization: () => {
        throw new RangeError(`cannot read ${API_KEY}`);
      },
      maxRetries: 0,
    });
    const answer = await connect();
    expect(answer).toMatchObject({ success: false });
    expect(JSON.stringify(answer)).not.toContain(API_KEY);
  });

  test.each([
    ['two arguments', [{}, {}], 'voice-connect takes one object'],
    ['a text', ['gpt-realtime'], 'voice-connect takes one object'],
    ['a list', [['gpt-realtime']], 'voice-connect takes one object'],
    ['nothing of worth', [null], 'voice-connect takes one object'],
    ['a strange member', [{ apiKey: 'mine' }], 'voice-connect knows no member "apiKey"'],
    ['a member of every object', [{ constructor: 'x' }], 'voice-connect knows no member "constructor"'],
    ['a model that is no name', [{ model: '../admin' }], 'model is a model’s name'],
    ['a model that is no text', [{ model: { toString: 'x' } }], 'model is a model’s name'],
    ['a long session', [{ sessionId: 'a'.repeat(101) }], 'sessionId is 1 to 100 of A-Z a-z 0-9 _ -'],
    ['a profile with a slash', [{ profile: 'a/b' }], 'profile is 1 to 100 of A-Z a-z 0-9 _ -'],
    [
      'an unknown capability',
      [{ capabilities: ['admin'] }],
      'capabilities is a list of audio_input, audio_output, text_input, text_output',
    ],
    [
      'a variable that is no text',
      [{ variables: { name: 7 } }],
      'variables has up to 100 texts of up to 10000 characters',
    ],
    [
      'a variable that is a book',
      [{ variables: { name: 'a'.repeat(10_001) } }],
      'variables has up to 100 texts of up to 10000 characters',
    ],
  ])('refuses %s, and asks nobody', async (_, given, error) => {
    begin();
    expect(await connect(...given)).toMatchObject({ success: false, code: 'invalid_request', error });
    expect(world.requests).toEqual([]);
  });
});

describe('voice-health', () => {
  test('says how the backend is', async () => {
    begin();
    expect(await electron.ipcRenderer.invoke('voice-health')).toMatchObject({
      success: true,
      status: 'healthy',
      responseTime: '2ms',
    });
  });

  test('takes nothing', async () => {
    begin();
    const answer: unknown = await electron.ipcRenderer.invoke('voice-health', {
      url: 'http://elsewhere.test',
    });
    expect(answer).toMatchObject({ success: false, code: 'invalid_request' });
  });

  test('is for the pages of the application as well', async () => {
    begin();
    electron.frame = makeFrame('https://elsewhere.test');
    expect(await electron.ipcRenderer.invoke('voice-health')).toMatchObject({
      success: false,
      code: 'forbidden',
    });
  });
});

describe('who may ask', () => {
  test.each([
    ['a page of the web', makeFrame('https://elsewhere.test')],
    ['a page whose address begins the same', makeFrame('http://localhost:5173.elsewhere.test')],
    ['another port', makeFrame('http://localhost:5174')],
    ['a file outside', makeFrame('file://', 'file:///tmp/downloaded.html')],
    ['a page without an origin', makeFrame('null', 'data:text/html,hello')],
    [
      'a frame inside a page of the application',
      makeFrame('http://localhost:5173', 'http://localhost:5173/', makeFrame('http://localhost:5173')),
    ],
    ['a frame that has gone', null],
    ['a frame that is being disposed of', { ...makeFrame('http://localhost:5173'), isDestroyed: () => true }],
    [
      'a frame that goes while it is looked at',
      {
        ...makeFrame('http://localhost:5173'),
        get origin(): string {
          throw new Error('Render frame was disposed before WebFrameMain could be accessed');
        },
      },
    ],
  ])('%s may not', async (_, frame) => {
    begin({ allowedOrigins: ['http://localhost:5173', 'file:///opt/app/'] });
    electron.frame = frame;
    expect(await connect()).toMatchObject({ success: false, code: 'forbidden' });
    expect(world.requests).toEqual([]);
  });

  test('a file may not unless it is on the list: no backend would let its page in', async () => {
    begin();
    expect(await connect()).toMatchObject({ success: true });
    electron.frame = makeFrame('file://', 'file:///opt/app/index.html');
    expect(await connect()).toMatchObject({ success: false, code: 'forbidden' });
    expect(mints()).toHaveLength(1);
  });

  test.each([
    makeFrame('http://localhost:5173', 'http://localhost:5173/talk?now'),
    makeFrame('file://', 'file:///opt/app/index.html'),
    makeFrame('app://app', 'app://app/index.html'),
  ])('a page on the list may: $url', async (frame) => {
    begin({ allowedOrigins: ['http://localhost:5173', 'file:///opt/app/', 'app://app'] });
    electron.frame = frame;
    expect(await connect()).toMatchObject({ success: true });
  });

  test.each(['*', 'null', 'https://', 'https://*', 'https://app.test/talk', 'file:///', 'app'])(
    'a list with %s is refused',
    (entry) => {
      expect(() => {
        begin({ allowedOrigins: [entry] });
      }).toThrow(`allowedOrigins: "${entry}" is neither`);
    },
  );

  test('a list of nobody is refused', () => {
    expect(() => {
      begin({ allowedOrigins: [] });
    }).toThrow('allowedOrigins is empty');
  });
});

describe('an integration', () => {
  test('answers two channels until it is disposed of', async () => {
    begin();
    expect(electron.channels).toEqual(['voice-connect', 'voice-health']);
    integration?.dispose();
    integration?.dispose();
    expect(electron.channels).toEqual([]);
    await expect(connect()).rejects.toThrow("No handler registered for 'voice-connect'");
  });

  test('that was disposed of leaves its successor alone', () => {
    begin();
    const before = integration;
    before?.dispose();
    begin();
    before?.dispose();
    expect(electron.channels).toEqual(['voice-connect', 'voice-health']);
  });

  test('is alone', () => {
    begin();
    expect(() => new LimiAIDesktopIntegration(BACKEND)).toThrow('second handler');
    expect(electron.channels).toEqual(['voice-connect', 'voice-health']);
  });
});
