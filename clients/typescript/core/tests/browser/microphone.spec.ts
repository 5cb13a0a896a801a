/** A browser whose microphone is refused, or that has none. */

import { expect } from '@playwright/test';
import { connect, test } from './fixtures.ts';
import { leavesNothing, problem } from './watching.ts';

for (const [code, args] of [
  // A window without a person refuses by itself.
  ['microphone_denied', '--use-fake-device-for-media-stream'],
  ['microphone_missing', '--use-fake-ui-for-media-stream'],
] as const) {
  test(code, async ({ clientWith, server, shows }) => {
    if (code === 'microphone_denied') shows('denied microphone');
    const client = await clientWith(args);
    expect(await connect(client, server)).toBe(code);
    const { message, hint, reference } = await problem(client);
    expect(reference).toBe(`${server.url}/errors/${code}`);
    expect(message).toBeTruthy();
    expect(hint).toBeTruthy();
    expect((await fetch(reference ?? '')).ok).toBe(true);
    await leavesNothing(client);
  });
}
