import { describe, test } from 'vitest';
import { play } from '../../src/agents/scenarios.ts';
import { openCall } from '../../src/host/call-peer.ts';
import { checkAll } from '../../src/host/frames.ts';
import { NodeMedium } from '../../src/host/node-medium.ts';
import { recorded } from '../../src/host/record.ts';
import { keyFor, standardKey, target } from '../../src/host/target.ts';
import { SCENARIOS, type Scenario } from '../../src/scenarios.ts';

const CLIENT = '@openai/agents-realtime, Node, WebSocket';

describe.concurrent(CLIENT, () => {
  test.for(SCENARIOS)('%s', async (scenario) => {
    await recorded(CLIENT, scenario, () => run(scenario));
  });
});

async function run(scenario: Scenario): Promise<readonly { type: string }[]> {
  if (scenario === 'hang-up') {
    return await watchedCall();
  }
  const key = await keyFor(scenario, target().url);
  return await checkAll(await play(scenario, new NodeMedium(key)), true);
}

/** A WebSocket is not hung up, a call is; so this client watches a call, which takes a standard key. */
async function watchedCall(): Promise<readonly { type: string }[]> {
  const call = await openCall(target().url);
  try {
    return await checkAll(await play('hang-up', new NodeMedium(standardKey(), call.id)), true);
  } finally {
    await call.end();
  }
}
