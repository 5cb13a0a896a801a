import OpenAI from 'openai';
import type { Scenario } from '../scenarios.ts';

/** The API that is being tried: the sandbox, or with `--upstream` whatever speaks the same protocol. */
export interface Target {
  /** Base URL as SDKs take it, ending in `/v1`. */
  url: string;
  /** The same over TLS, which the sockets of the npm package `openai` insist on. */
  tlsUrl: string;
  model: string;
  /** A Python that can open a call over WebRTC, for clients that only watch one. */
  python: string;
}

const VARIABLE = 'LIMI_CONFORMANCE_TARGET';

export function targetFromEnvironment(): Target | undefined {
  const text = process.env[VARIABLE];
  return text ? (JSON.parse(text) as Target) : undefined;
}

export function handDown(target: Target): void {
  process.env[VARIABLE] = JSON.stringify(target);
}

export function target(): Target {
  const found = targetFromEnvironment();
  if (!found) throw new Error(`${VARIABLE} is not set; the set-up of the test run does it`);
  return found;
}

/** The standard key: a real one for upstream, and anything for the sandbox. */
export function standardKey(): string {
  return process.env.OPENAI_API_KEY ?? 'sk-sandbox';
}

export function socketUrl(base: string, query: string): string {
  return `${base.replace(/^http/, 'ws')}/realtime?${query}`;
}

/** The package `openai` for what is not tried but needed: minting, and hanging up. */
function helper(base: string): OpenAI {
  // The package would fall back to OpenAI's own address.
  if (base === '') throw new Error('the target has no such address');
  return new OpenAI({ apiKey: standardKey(), baseURL: base, maxRetries: 0 });
}

/** Mints an ephemeral key at one of the target's addresses, which may be servers apart. */
async function mint(base: string, seconds = 600): Promise<{ value: string; expires_at: number }> {
  return await helper(base).realtime.clientSecrets.create({
    expires_after: { anchor: 'created_at', seconds },
    session: { type: 'realtime', model: target().model },
  });
}

/** The shortest life OpenAI gives a key. */
const SHORTEST_SECONDS = 10;

/** Waits until a key that was minted earlier is surely past its end. */
async function expired(key: { value: string; expires_at: number }): Promise<string> {
  const left = key.expires_at * 1000 + 1500 - Date.now();
  if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
  return key.value;
}

/** A key for a scenario: a fresh one, but for the scenario that is about one which is not. */
export async function keyFor(scenario: Scenario, base: string): Promise<string> {
  if (scenario !== 'expired key') return (await mint(base)).value;
  return await expired(await mint(base, SHORTEST_SECONDS));
}

export async function hangUp(callId: string, base: string): Promise<void> {
  await helper(base).realtime.calls.hangup(callId);
}
