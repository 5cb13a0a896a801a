/** What the tests see of a conversation in a page, and how they take part in it. */

import { expect } from '@playwright/test';
import type { Page } from '@playwright/test';

/** Recognising speech on a busy machine. */
export const SPEECH_MS = 40_000;

/** What is left of a conversation that is over. */
export const nothing = { connections: 0, sockets: 0, tracks: 0, contexts: 0, timers: 0 };

export async function snapshot(
  page: Page,
): Promise<{ status: string; transport: string | null; code?: string }> {
  return page.evaluate(() => {
    const { state, transport } = globalThis.limi.voice?.getSnapshot() ?? {};
    const code = state?.error?.code;
    return {
      status: state?.status ?? 'none',
      transport: transport ?? null,
      ...(code === undefined ? {} : { code }),
    };
  });
}

export async function becomes(page: Page, wanted: Record<string, unknown>, timeout = 30_000): Promise<void> {
  await expect.poll(() => snapshot(page), { timeout }).toMatchObject(wanted);
}

interface Problem {
  readonly code?: string;
  readonly message?: string;
  readonly hint?: string;
  readonly reason?: string;
  readonly final?: boolean;
  readonly reference?: string;
}

/** Why it failed, or what is amiss; empty where nothing is. */
export async function problem(page: Page): Promise<Problem> {
  return page.evaluate(() => {
    const { code, message, hint, reason, final, reference } =
      globalThis.limi.voice?.connectionState.error ?? {};
    return JSON.parse(JSON.stringify({ code, message, hint, reason, final, reference })) as Problem;
  });
}

/** The attempts that were shown while a lost connection was being got back. */
export async function attempts(page: Page): Promise<number[]> {
  return page.evaluate(() =>
    globalThis.limi.states.map(({ attempt }) => attempt ?? 0).filter((attempt) => attempt > 0),
  );
}

/** How often a session was opened, or was tried to be. */
export async function openings(page: Page): Promise<number> {
  return page.evaluate(
    () =>
      globalThis.limi.events.filter((event) => event.type === 'phase' && event.phase === 'opening').length,
  );
}

/** The call as the backend names it. */
export async function callId(page: Page): Promise<string> {
  return page.evaluate(() => {
    const transport = globalThis.limi.voice?.session?.transport as { callId?: string } | undefined;
    return transport?.callId ?? '';
  });
}

/** Wait until both sides have said something; the fake microphone speaks by itself. */
export async function bothHaveSpoken(page: Page): Promise<{ user: string; assistant: string }> {
  const words = await page.waitForFunction(
    () => {
      const { transcript } = globalThis.limi.voice?.getSnapshot() ?? { transcript: [] };
      const said = (role: string): string | undefined =>
        transcript.find((entry) => entry.role === role && entry.final && entry.text !== '')?.text;
      const [user, assistant] = [said('user'), said('assistant')];
      return user !== undefined && assistant !== undefined ? { user, assistant } : null;
    },
    null,
    { timeout: SPEECH_MS },
  );
  return (await words.jsonValue()) ?? { user: '', assistant: '' };
}

/** Wait until sound of a side is measured. */
export async function isHeard(page: Page, side: 'input' | 'output'): Promise<void> {
  await page.waitForFunction((which) => (globalThis.limi.voice?.levels()[which] ?? 0) > 0.2, side, {
    timeout: SPEECH_MS,
    polling: 50,
  });
}

export async function wordsOf(page: Page, role: string): Promise<string> {
  return page.evaluate((side) => {
    const { transcript } = globalThis.limi.voice?.getSnapshot() ?? { transcript: [] };
    const said = transcript.filter((entry) => entry.role === side).map(({ text }) => text);
    return said.join(' ').toLowerCase();
  }, role);
}

/** Say something in writing, and wait until the assistant has said as much as is wanted. */
export async function ask(page: Page, words: string, wanted: RegExp): Promise<void> {
  await page.evaluate((text) => globalThis.limi.voice?.sendText(text), words);
  await answers(page, wanted);
}

/** Wait for the words of the assistant, all that it said so far. */
export async function answers(page: Page, wanted: RegExp): Promise<void> {
  await expect.poll(() => wordsOf(page, 'assistant'), { timeout: SPEECH_MS }).toMatch(wanted);
}

/** End the conversation, and hold that it has given back everything that it took of the browser. */
export async function disconnect(page: Page): Promise<void> {
  await page.evaluate(() => globalThis.limi.voice?.disconnect());
  await leavesNothing(page);
}

export async function leavesNothing(page: Page): Promise<void> {
  await expect.poll(() => page.evaluate(() => globalThis.limi.left())).toEqual(nothing);
  expect(await listeners(page)).toEqual([]);
}

/** What a conversation is told by the page; the tests' own tools listen to other things. */
const PAGE_EVENTS = ['online', 'offline', 'pagehide', 'visibilitychange', 'devicechange'];

/** Who still listens to the page and its devices, as the browser itself knows it. */
async function listeners(page: Page): Promise<string[]> {
  const browser = await page.context().newCDPSession(page);
  try {
    const found: string[] = [];
    for (const expression of ['window', 'document', 'navigator.mediaDevices']) {
      const { result } = await browser.send('Runtime.evaluate', { expression });
      const { listeners: all } = await browser.send('DOMDebugger.getEventListeners', {
        objectId: result.objectId ?? '',
      });
      found.push(...all.map(({ type }) => type).filter((type) => PAGE_EVENTS.includes(type)));
    }
    return found;
  } finally {
    await browser.detach();
  }
}
