/** Conversations that the server ends by its own doing: nothing here is put into the page's mouth. */

import { expect } from '@playwright/test';
import { connect, test } from './fixtures.ts';
import { ask, attempts, becomes, callId, disconnect, leavesNothing, problem } from './watching.ts';

/** Without a voice of its own, which would speak into the answers, and with no long waits. */
const SOON = { muted: true, reconnect: { delaysMs: [100] } };

for (const transport of ['webrtc', 'websocket'] as const) {
  test(`a session that reaches its longest time by ${transport} is followed by one that knows what was said`, async ({
    client,
    outside: { sandbox, server },
    shows,
  }) => {
    shows('server-ended', 'reconnect', 'leak-free');
    await sandbox.harm({ where: 'session', what: 'expire', after_seconds: 3, times: 1 });
    expect(await connect(client, server, { transport, ...SOON })).toBeNull();
    await ask(client, 'Repeat after me: blue door', /blue door/);
    await expect.poll(() => attempts(client), { timeout: 10_000 }).toEqual([1]);
    await becomes(client, { status: 'connected', transport });
    await ask(client, 'What did you say?', /blue door.*blue door/);
    await disconnect(client);
  });

  test(`a server that ends every session by ${transport} is given up after three attempts`, async ({
    client,
    outside: { sandbox, server },
    shows,
  }) => {
    shows('server-ended', 'leak-free');
    await sandbox.harm(
      { where: 'session', what: 'expire', after_seconds: 2, times: 1 },
      { where: 'session', what: 'expire', after_seconds: 0.3, after: 1 },
    );
    expect(await connect(client, server, { transport, ...SOON })).toBeNull();
    await becomes(client, { status: 'failed', code: 'network_error' });
    expect(new Set(await attempts(client))).toEqual(new Set([1, 2, 3]));
    const { reference } = await problem(client);
    expect(reference).toBe(`${server.url}/errors/network_error`);
    expect((await fetch(reference ?? '')).ok).toBe(true);
    await leavesNothing(client);
  });
}

test('a call that is hung up is got back with its words', async ({
  client,
  outside: { sandbox, server },
  shows,
}) => {
  shows('server-ended', 'reconnect', 'leak-free');
  expect(await connect(client, server, SOON)).toBeNull();
  await ask(client, 'Repeat after me: blue door', /blue door/);
  expect(await sandbox.hangUp(await callId(client))).toBe(200);
  await expect.poll(() => attempts(client)).toEqual([1]);
  await becomes(client, { status: 'connected', transport: 'webrtc' });
  await ask(client, 'What did you say?', /blue door.*blue door/);
  await disconnect(client);
});

test('a model that is no more ends the call for good, in the server’s own words', async ({
  client,
  outside: { server },
  shows,
}) => {
  shows('server-ended', 'leak-free');
  await client.route('**/client-secret', async (route) => {
    const answer = await route.fetch();
    const key = (await answer.json()) as { urls: Record<string, string> };
    const urls = Object.fromEntries(
      Object.entries(key.urls).map(([transport, address]) => {
        const url = new URL(address);
        url.searchParams.set('model', 'gpt-of-old');
        return [transport, url.href];
      }),
    );
    await route.fulfill({ response: answer, json: { ...key, urls } });
  });
  expect(await connect(client, server, SOON)).toBe('session_ended');
  expect(await problem(client)).toMatchObject({
    code: 'session_ended',
    final: true,
    reason: expect.stringContaining('gpt-of-old'),
    reference: `${server.url}/errors/session_ended`,
  });
  expect(await attempts(client)).toEqual([]);
  await leavesNothing(client);
});
