import { VoiceConnection } from '@limi-ai/client';
import type { PageEvent } from '@limi-ai/client';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { reactNativePlatform } from '../src/index.ts';
import { phone } from './doubles/react-native.ts';
import { BACKEND, World } from './world.ts';

let world: World;

beforeEach(() => {
  world = new World();
});

/** A network that goes and comes when the test says so. */
function makeNetInfo() {
  const listeners = new Set<(state: { isConnected: boolean | null }) => void>();
  return {
    listeners,
    become(isConnected: boolean | null) {
      for (const listener of listeners) listener({ isConnected });
    },
    addEventListener(listener: (state: { isConnected: boolean | null }) => void) {
      listeners.add(listener);
      // The real one calls at once, before anything is known.
      listener({ isConnected: null });
      return () => void listeners.delete(listener);
    },
  };
}

describe('what the telephone tells', () => {
  test('the application comes to the front and goes to the back', () => {
    const heard: PageEvent[] = [];
    const stop = reactNativePlatform().listen((event) => heard.push(event));
    phone.become('inactive');
    phone.become('background');
    phone.become('active');
    stop();
    phone.become('background');
    expect(heard).toEqual(['hidden', 'pagehide', 'visible']);
  });

  test('the network goes and comes, each told once', () => {
    const netInfo = makeNetInfo();
    const platform = reactNativePlatform({ netInfo });
    const heard: PageEvent[] = [];
    const stop = platform.listen((event) => heard.push(event));
    expect(platform.isOnline()).toBe(true);
    for (const state of [true, false, false, null]) netInfo.become(state);
    expect(platform.isOnline()).toBe(false);
    netInfo.become(true);
    expect(heard).toEqual(['offline', 'online']);
    stop();
    expect(netInfo.listeners.size).toBe(0);
  });

  test('without NetInfo it is taken to be online', () => {
    expect(reactNativePlatform().isOnline()).toBe(true);
  });
});

describe('the telephone’s sound', () => {
  test('is taken for a conversation and given back once', async () => {
    const inCallManager = { start: vi.fn(), stop: vi.fn() };
    const platform = reactNativePlatform({ inCallManager });
    const voice = new VoiceConnection({ backendUrl: BACKEND, platform, transport: 'webrtc' });
    expect(inCallManager.start).not.toHaveBeenCalled();
    await voice.connect();
    expect(inCallManager.start).toHaveBeenCalledExactlyOnceWith({ media: 'audio' });
    expect(inCallManager.stop).not.toHaveBeenCalled();
    await voice.disconnect();
    expect(inCallManager.stop).toHaveBeenCalledOnce();
    world.expectNothingHeld();
  });

  test('is taken and given back as often as a connection is', async () => {
    const calls: string[] = [];
    const inCallManager = { start: () => calls.push('start'), stop: () => calls.push('stop') };
    const platform = reactNativePlatform({ inCallManager });
    const reconnect = { delaysMs: [1] };
    const voice = new VoiceConnection({ backendUrl: BACKEND, platform, transport: 'webrtc', reconnect });
    await voice.connect();
    world.connection.become('failed');
    await voice.connect();
    await voice.disconnect();
    await voice.disconnect();
    expect(calls).toEqual(['start', 'stop', 'start', 'stop']);
  });
});

test('a conversation that is told to go by WebSocket says that it cannot', async () => {
  const platform = reactNativePlatform();
  const reconnect = { maxAttempts: 0 };
  const voice = new VoiceConnection({ backendUrl: BACKEND, platform, transport: 'websocket', reconnect });
  await expect(voice.connect()).rejects.toMatchObject({ code: 'webrtc_connection_failed' });
  world.expectNothingHeld();
});

test('a constructor that the application has registered is kept', async () => {
  const Own = (): never => {
    throw new Error('It is not to be called here.');
  };
  vi.stubGlobal('RTCPeerConnection', Own);
  const platform = reactNativePlatform();
  const reconnect = { maxAttempts: 0 };
  const voice = new VoiceConnection({ backendUrl: BACKEND, platform, transport: 'webrtc', reconnect });
  await voice.connect().catch(() => undefined);
  expect((globalThis as { RTCPeerConnection?: unknown }).RTCPeerConnection).toBe(Own);
  await voice.disconnect();
});
