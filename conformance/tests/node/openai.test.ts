import { describe, test } from 'vitest';
import { openCall } from '../../src/host/call-peer.ts';
import { checkAll } from '../../src/host/frames.ts';
import { recordExclusion, recorded } from '../../src/host/record.ts';
import { keyFor, standardKey, target } from '../../src/host/target.ts';
import { play } from '../../src/openai/scenarios.ts';
import { SCENARIOS, type Scenario } from '../../src/scenarios.ts';

const CLIENT = 'openai, Node, WebSocket over TLS';

describe.concurrent(CLIENT, () => {
  test.for(SCENARIOS)('%s', async (scenario) => {
    if (!target().tlsUrl) {
      recordExclusion(CLIENT, scenario, 'the sockets of this package insist on TLS, and the target has none');
      return;
    }
    await recorded(CLIENT, scenario, () => run(scenario));
  });
});

async function run(scenario: Scenario): Promise<readonly { type: string }[]> {
  if (scenario === 'hang-up') {
    return await watchedCall();
  }
  const key = await keyFor(scenario, target().tlsUrl);
  return await checkAll(await play(scenario, { key }), false);
}

/** A WebSocket is not hung up, a call is; so this client watches a call, which takes a standard key. */
async function watchedCall(): Promise<readonly { type: string }[]> {
  const call = await openCall(target().tlsUrl);
  try {
    return await checkAll(await play('hang-up', { key: standardKey(), callId: call.id }), false);
  } finally {
    await call.end();
  }
}
