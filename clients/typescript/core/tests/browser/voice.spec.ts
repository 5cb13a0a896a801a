/** The client in a real browser against a real backend: nothing is a double but the microphone's sound. */

import { expect } from '@playwright/test';
import { connect, test } from './fixtures.ts';
import { HEARS_WORDS } from './server.ts';
import {
  attempts,
  becomes,
  bothHaveSpoken,
  disconnect,
  isHeard,
  leavesNothing,
  problem,
  snapshot,
  SPEECH_MS,
  wordsOf,
} from './watching.ts';

for (const transport of ['webrtc', 'websocket'] as const) {
  test(`a conversation by ${transport}`, async ({ client, server, shows }) => {
    shows('connect', 'speak', 'leak-free');
    expect(await connect(client, server, { transport })).toBeNull();
    expect(await snapshot(client)).toEqual({ status: 'connected', transport });
    await isHeard(client, 'input');
    await isHeard(client, 'output');
    const { assistant } = await bothHaveSpoken(client);
    expect(assistant.length).toBeGreaterThan(3);
    // The recording says: Hello. Could you please tell me what time it is?
    if (HEARS_WORDS) await expect.poll(() => wordsOf(client, 'user'), { timeout: 15_000 }).toContain('time');
    await disconnect(client);
    expect(await snapshot(client)).toEqual({ status: 'disconnected', transport: null });
  });

  test(`the person interrupts the assistant by ${transport}`, async ({ client, server, shows }) => {
    shows('barge-in');
    expect(await connect(client, server, { transport })).toBeNull();
    // A long answer is asked for in writing; the microphone, which repeats its greeting, then speaks into it.
    const long = Array.from({ length: 60 }, (_, index) => `word${String(index)}`).join(' ');
    await client.evaluate((text) => {
      globalThis.limi.voice?.sendText(`Repeat after me: ${text}`);
    }, long);
    await isHeard(client, 'output');
    await client.waitForFunction(
      () => globalThis.limi.events.some(({ type }) => type === 'interrupted'),
      null,
      {
        timeout: SPEECH_MS,
      },
    );
    await disconnect(client);
  });

  test(`a server that is restarted is found again by ${transport}`, async ({ client, server, shows }) => {
    shows('reconnect');
    expect(
      await connect(client, server, { transport, reconnect: { delaysMs: [1000, 4000, 8000] } }),
    ).toBeNull();
    await server.stop();
    await becomes(client, { status: 'connecting' });
    await server.begin();
    await becomes(client, { status: 'connected', transport });
    expect((await attempts(client)).length).toBeGreaterThan(0);
    await disconnect(client);
  });

  test(`a server that stays away by ${transport} is given up after three attempts`, async ({
    client,
    server,
    shows,
  }) => {
    shows('reconnect', 'leak-free');
    expect(
      await connect(client, server, { transport, maxRetries: 0, reconnect: { delaysMs: [300] } }),
    ).toBeNull();
    await server.stop();
    await becomes(client, { status: 'failed', code: 'network_error' });
    expect(new Set(await attempts(client))).toEqual(new Set([1, 2, 3]));
    await leavesNothing(client);
    const { reference } = await problem(client);
    expect(reference).toBe(`${server.url}/errors/network_error`);
    await server.begin();
    expect((await fetch(reference ?? '')).ok).toBe(true);
  });

  test(`the server ends the call by ${transport}, with a reason`, async ({ client, server, shows }) => {
    shows('server-ended', 'leak-free');
    expect(await connect(client, server, { transport })).toBeNull();
    await client.evaluate((kind) => {
      // The sandbox has no budget to use up, so its words come from here; the way they take is the real one.
      const message = 'The budget of this call is used up.';
      const error = { type: 'server_error', code: 'session_ended', message };
      const data = JSON.stringify({ type: 'error', event_id: 'event_1', error });
      const transport = globalThis.limi.voice?.session?.transport as unknown as {
        connectionState: { dataChannel: EventTarget; websocket: EventTarget };
      };
      const { dataChannel, websocket } = transport.connectionState;
      (kind === 'webrtc' ? dataChannel : websocket).dispatchEvent(new MessageEvent('message', { data }));
    }, transport);
    await becomes(client, { status: 'failed', code: 'session_ended' });
    expect(await problem(client)).toMatchObject({
      code: 'session_ended',
      reason: 'The budget of this call is used up.',
      final: true,
      reference: `${server.url}/errors/session_ended`,
    });
    await leavesNothing(client);
    expect(await attempts(client)).toEqual([]);
  });
}

test('a browser without WebRTC talks by WebSocket', async ({ client, server, shows }) => {
  shows('fallback');
  await client.evaluate(() => {
    Reflect.deleteProperty(globalThis, 'RTCPeerConnection');
  });
  expect(await connect(client, server)).toBeNull();
  expect(await snapshot(client)).toEqual({ status: 'connected', transport: 'websocket' });
  await isHeard(client, 'output');
  await bothHaveSpoken(client);
  await disconnect(client);
});

test('an error that comes as the answer to an offer is never taken for a description', async ({
  client,
  server,
  shows,
}) => {
  shows('fallback');
  const descriptions = await client.evaluateHandle(() => {
    const seen: string[] = [];
    const { prototype } = RTCPeerConnection;
    const name = 'setRemoteDescription';
    const set = Reflect.get<typeof prototype, typeof name>(prototype, name);
    Reflect.set(prototype, name, function (this: RTCPeerConnection, description: RTCSessionDescriptionInit) {
      seen.push(description.sdp ?? '');
      return Reflect.apply<RTCPeerConnection, [RTCSessionDescriptionInit], Promise<void>>(set, this, [
        description,
      ]);
    });
    return seen;
  });
  await client.route('**/realtime/calls', async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { error: { message: 'no such thing' } } });
  });
  expect(await connect(client, server)).toBeNull();
  expect(await snapshot(client)).toEqual({ status: 'connected', transport: 'websocket' });
  expect(await descriptions.jsonValue()).toEqual([]);
  await disconnect(client);
});

test('a key is used up by each connection', async ({ client, server }) => {
  const keys: string[] = [];
  client.on('response', (response) => {
    if (!response.url().endsWith('/client-secret') || response.request().method() !== 'POST') return;
    void response.json().then(({ ephemeralKey }: { ephemeralKey: string }) => keys.push(ephemeralKey));
  });
  expect(await connect(client, server)).toBeNull();
  await disconnect(client);
  expect(await client.evaluate(() => globalThis.limi.voice?.connect().then(() => true))).toBe(true);
  await disconnect(client);
  expect(new Set(keys).size).toBe(2);
  const told = await client.evaluate(() => JSON.stringify([globalThis.limi.events, globalThis.limi.states]));
  for (const key of keys) expect(told).not.toContain(key);
});

test('disconnecting in the middle of connecting leaves nothing', async ({ client, server, shows }) => {
  shows('leak-free');
  for (const transport of ['webrtc', 'websocket']) {
    for (const afterMs of [0, 20, 60, 120, 250, 500]) {
      await client.evaluate(
        async ([backendUrl, kind, pause]) => {
          const { limi } = globalThis;
          const voice = new limi.client.VoiceConnection({ backendUrl, transport: kind as 'webrtc' });
          const connected = voice.connect();
          await new Promise((resolve) => setTimeout(resolve, pause));
          await voice.disconnect();
          await connected;
        },
        [`${server.url}/api`, transport, afterMs] as const,
      );
    }
  }
  await leavesNothing(client);
});
