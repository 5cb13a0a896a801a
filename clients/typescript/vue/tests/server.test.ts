// @vitest-environment node
import { FakePlatform } from '@limi-ai/client/testing';
import { renderToString } from '@vue/server-renderer';
import { afterEach, expect, test } from 'vitest';
import { createSSRApp, defineComponent, h } from 'vue';
import { useOpenAIVoice } from '../src/index.ts';

/** What a browser has, and a server may have another of. */
const GLOBALS = [
  'window',
  'document',
  'navigator',
  'fetch',
  'WebSocket',
  'RTCPeerConnection',
  'AudioContext',
];
const originals = new Map(
  GLOBALS.map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const),
);

afterEach(() => {
  for (const [name, original] of originals) {
    Reflect.deleteProperty(globalThis, name);
    if (original) Object.defineProperty(globalThis, name, original);
  }
});

/** @returns the names that were looked at since. */
function watchGlobals(): string[] {
  const touched: string[] = [];
  for (const name of GLOBALS) {
    const get = (): undefined => void touched.push(name);
    Object.defineProperty(globalThis, name, { configurable: true, get });
  }
  return touched;
}

test('renders on a server, where no global is touched and nothing is connected', async () => {
  const world = new FakePlatform();
  const Assistant = defineComponent(() => {
    const { state, isConnected, transcript, muted } = useOpenAIVoice('/api', { platform: world });
    return () => h('p', [state.value.status, isConnected.value, transcript.value.length, muted.value].join());
  });
  const Plain = defineComponent(() => {
    const { state } = useOpenAIVoice('/api');
    return () => h('b', state.value.status);
  });
  const app = createSSRApp(() => [h(Assistant), h(Plain)]);
  const touched = watchGlobals();
  const page = await renderToString(app);
  expect(touched).toEqual([]);
  expect(page).toContain('<p>disconnected,false,0,false</p><b>disconnected</b>');
  expect(world.requests).toEqual([]);
  expect(world.held).toEqual({ timers: 0, microphones: 0, sessions: 0, listeners: 0, requests: 0 });
});
