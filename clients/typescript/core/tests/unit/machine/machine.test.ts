/** What holds for every way through the machine, found out by walking it at random. */

import { describe, expect, test } from 'vitest';
import { statusOf, step } from '../../../src/machine/machine.ts';
import { DEFAULT_SETTINGS, IDLE } from '../../../src/machine/words.ts';
import type { Effect, Input, Machine } from '../../../src/machine/words.ts';

const INPUTS: readonly Input[] = [
  { type: 'connect' },
  { type: 'microphone_opened' },
  { type: 'microphone_failed', code: 'microphone_missing' },
  { type: 'microphone_lost' },
  { type: 'devices_changed' },
  { type: 'minted' },
  { type: 'mint_failed', code: 'overloaded', retryable: true, retryAfterMs: 1000 },
  { type: 'mint_failed', code: 'forbidden', retryable: false },
  { type: 'opened' },
  { type: 'open_failed', code: 'webrtc_connection_failed' },
  { type: 'open_failed', code: 'network_error' },
  { type: 'lost', code: 'network_error' },
  { type: 'ended', reason: 'over' },
  { type: 'unsteady' },
  { type: 'steady' },
  { type: 'busy' },
  { type: 'quiet' },
  { type: 'online' },
  { type: 'offline' },
  { type: 'visible' },
  { type: 'disconnect' },
];

/** A small generator with a seed, so that a failing walk can be walked again. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Does what a driver would do, and counts what it then holds. */
class Holdings {
  session = false;
  minting = false;
  microphone: 'none' | 'asked' | 'open' = 'none';
  readonly timers = new Set<string>();

  carryOut(effect: Effect): void {
    if (effect.type === 'open') this.session = true;
    if (effect.type === 'close') this.session = false;
    if (effect.type === 'mint') this.minting = true;
    if (effect.type === 'cancel_mint') this.minting = false;
    if (effect.type === 'open_microphone') this.microphone = 'asked';
    if (effect.type === 'close_microphone') this.microphone = 'none';
    if (effect.type === 'start_timer') this.timers.add(effect.name);
    if (effect.type === 'stop_timer') this.timers.delete(effect.name);
  }

  /** Whether a driver that holds this could report such an input. */
  allows(input: Input): boolean {
    switch (input.type) {
      case 'minted':
      case 'mint_failed':
        return this.minting;
      case 'microphone_opened':
      case 'microphone_failed':
        return this.microphone === 'asked';
      case 'microphone_lost':
        return this.microphone === 'open';
      case 'opened':
      case 'open_failed':
      case 'lost':
      case 'ended':
      case 'unsteady':
      case 'steady':
      case 'busy':
      case 'quiet':
        return this.session;
      case 'timer':
        return this.timers.has(input.name);
      default:
        return true;
    }
  }

  settle(input: Input): void {
    if (input.type === 'minted' || input.type === 'mint_failed') this.minting = false;
    if (input.type === 'microphone_opened') this.microphone = 'open';
    if (input.type === 'microphone_failed') this.microphone = 'none';
    if (input.type === 'timer') this.timers.delete(input.name);
  }
}

function walk(seed: number, check: (machine: Machine, holdings: Holdings, input: Input) => void): void {
  const roll = dice(seed);
  const holdings = new Holdings();
  let machine = IDLE;
  for (let at = 0; at < 300; at += 1) {
    const timers = [...holdings.timers].map((name) => ({ type: 'timer', name }) as Input);
    const possible = [...INPUTS, ...timers].filter((input) => holdings.allows(input));
    const input = possible[Math.floor(roll() * possible.length)] ?? { type: 'connect' };
    holdings.settle(input);
    const next = step(machine, input, { at, random: roll() }, DEFAULT_SETTINGS);
    machine = next.machine;
    for (const effect of next.effects) holdings.carryOut(effect);
    check(machine, holdings, input);
  }
}

const SEEDS = Array.from({ length: 300 }, (_, index) => index + 1);

describe('on every walk', () => {
  test('nothing is held where nothing is on', () => {
    for (const seed of SEEDS) {
      walk(seed, ({ phase }, { session, minting, microphone, timers }) => {
        if (phase !== 'idle' && phase !== 'failed') return;
        expect({ seed, session, minting, microphone, timers: timers.size }).toEqual({
          seed,
          session: false,
          minting: false,
          microphone: 'none',
          timers: 0,
        });
      });
    }
  });

  test('disconnect always ends it', () => {
    for (const seed of SEEDS) {
      walk(seed, (machine, _holdings, input) => {
        if (input.type === 'disconnect') expect(statusOf(machine.phase)).toBe('disconnected');
      });
    }
  });

  test('a session is there exactly while one is opened or connected, a request exactly while a key is asked for', () => {
    for (const seed of SEEDS) {
      walk(seed, ({ phase }, { session, minting }) => {
        expect(session).toBe(['opening', 'live', 'unsteady', 'renewing'].includes(phase));
        expect(minting).toBe(['minting', 'renewing'].includes(phase));
      });
    }
  });

  test('the machine knows which timers run', () => {
    for (const seed of SEEDS) {
      walk(seed, (machine, { timers }) => {
        expect([...machine.timers].sort()).toEqual([...timers].sort());
      });
    }
  });

  test('no more attempts are made than are allowed', () => {
    for (const seed of SEEDS) {
      walk(seed, ({ attempt }) => {
        expect(attempt).toBeLessThanOrEqual(3);
      });
    }
  });

  test('where something is on, something is waited for', () => {
    for (const seed of SEEDS) {
      walk(seed, ({ phase }, { session, minting, microphone, timers }) => {
        if (phase === 'idle' || phase === 'failed') return;
        expect(session || minting || microphone === 'asked' || timers.size > 0).toBe(true);
      });
    }
  });
});

test('an input that changes nothing leaves the same object', () => {
  const { machine, effects } = step(IDLE, { type: 'steady' }, { at: 0, random: 0.5 }, DEFAULT_SETTINGS);
  expect(machine).toBe(IDLE);
  expect(effects).toEqual([]);
});
