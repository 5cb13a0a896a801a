import { expect, type Page } from '@playwright/test';
import type { Access } from '../../src/browser/access.ts';
import { checkAll } from '../../src/host/frames.ts';
import { recordExclusion, recorded } from '../../src/host/record.ts';
import { keyFor, socketUrl, target } from '../../src/host/target.ts';
import { SCENARIOS, type Exclusions, type Scenario } from '../../src/scenarios.ts';
import { test } from './fixtures.ts';

interface Variant {
  client: string;
  transport: Access['transport'];
  url: () => string;
  exclusions: Exclusions;
}

const VARIANTS: Variant[] = [
  {
    client: '@openai/agents-realtime, Chromium, WebRTC',
    transport: 'webrtc',
    url: () => `${target().url}/realtime/calls`,
    exclusions: {},
  },
  {
    client: '@openai/agents-realtime, Chromium, WebSocket',
    transport: 'websocket',
    url: () => socketUrl(target().url, `model=${target().model}`),
    exclusions: {
      'hang-up': 'only calls are hung up, and to watch one takes a standard key, which no page may have',
    },
  },
];

for (const { client, transport, url, exclusions } of VARIANTS) {
  for (const scenario of SCENARIOS) {
    const reason = exclusions[scenario];
    if (reason !== undefined) {
      test(`${client}: ${scenario} is n/a: ${reason}`, () => {
        recordExclusion(client, scenario, reason);
      });
      continue;
    }
    test(`${client}: ${scenario}`, async ({ page }) => {
      await recorded(client, scenario, async () => {
        return await run(page, scenario, {
          transport,
          url: url(),
          key: await keyFor(scenario, target().url),
        });
      });
    });
  }
}

async function run(page: Page, scenario: Scenario, access: Access): Promise<readonly { type: string }[]> {
  const events = await page.evaluate(async ([scenario, access]) => await window.play(scenario, access), [
    scenario,
    access,
  ] as const);
  await checkAll(events, true);
  if (scenario === 'spoken turn') {
    await expect(page.locator('#history li.assistant').last()).toContainText(/: \w/);
    await page.screenshot({ path: `output/spoken-turn-${access.transport}.png` });
  }
  if (access.transport === 'webrtc') {
    const audio = events.filter((event) => event.type === 'response.output_audio.delta');
    expect(audio, 'over WebRTC sound travels as media').toEqual([]);
  }
  return events;
}
