/**
 * The next state of the machine while a rule makes it: small steps that keep timers and effects in agreement.
 *
 * @module
 */

import { present, same } from '../members.ts';
import type { TransportKind } from '../types.ts';
import { IDLE } from './words.ts';
import type { Effect, Machine, MachineSettings, Moment, Phase, Step, TimerName } from './words.ts';

const WITH_SESSION: readonly Phase[] = ['opening', 'live', 'unsteady', 'renewing'];
const WITH_MINT: readonly Phase[] = ['minting', 'renewing'];

export class Draft {
  machine: Machine;
  readonly moment: Moment;
  readonly settings: MachineSettings;
  readonly #effects: Effect[] = [];

  constructor(machine: Machine, moment: Moment, settings: MachineSettings) {
    this.machine = machine;
    this.moment = moment;
    this.settings = settings;
  }

  /** How the session travels; only asked where there is one, or is about to be. */
  get transport(): TransportKind {
    return this.machine.transport ?? 'websocket';
  }

  get hasSession(): boolean {
    return WITH_SESSION.includes(this.machine.phase);
  }

  step(): Step {
    return { machine: this.machine, effects: this.#effects };
  }

  set(changes: Partial<Machine>): void {
    const changed = { ...this.machine, ...changes };
    if (!same(this.machine, changed)) this.machine = changed;
  }

  enter(phase: Phase): void {
    this.set({ phase });
  }

  do(effect: Effect): void {
    this.#effects.push(effect);
  }

  report(code: string): void {
    this.do({ type: 'report_error', code });
  }

  openMicrophone(): void {
    this.set({ microphone: 'opening' });
    this.do({ type: 'open_microphone' });
  }

  start(name: TimerName, delayMs: number): void {
    this.stop(name);
    this.set({ timers: [...this.machine.timers, name] });
    this.do({ type: 'start_timer', name, delayMs });
  }

  stop(name: TimerName): void {
    if (!this.machine.timers.includes(name)) return;
    this.rang(name);
    this.do({ type: 'stop_timer', name });
  }

  stopAll(): void {
    for (const name of this.machine.timers) this.stop(name);
  }

  /** A timer that rang runs no longer. */
  rang(name: TimerName): void {
    this.set({ timers: this.machine.timers.filter((other) => other !== name) });
  }

  /** Give back everything that is held; the microphone too unless it is to be kept. */
  release(keepMicrophone = false): void {
    this.stopAll();
    if (WITH_MINT.includes(this.machine.phase)) this.do({ type: 'cancel_mint' });
    if (this.hasSession) this.do({ type: 'close' });
    if (!keepMicrophone && this.machine.microphone !== 'closed') this.do({ type: 'close_microphone' });
  }

  /** Forget everything but what the device said of its network. */
  reset(): void {
    this.machine = { ...IDLE, online: this.machine.online };
  }

  /** End it for good. */
  fail(code: string, reason?: string): void {
    this.release();
    this.set({ microphone: 'closed', error: present({ code, reason }) });
    this.#leave('failed', code);
  }

  /** Try again after a while, as often as is allowed. */
  recover(code: string, atLeastMs = 0): void {
    const { maxAttempts, offlineMs } = this.settings;
    if (this.machine.attempt >= maxAttempts) {
      this.fail(code);
      return;
    }
    this.release(true);
    const attempt = this.machine.attempt + 1;
    this.set({ attempt });
    this.#leave('waiting', code);
    this.start('retry', this.machine.online ? Math.max(this.#delay(attempt), atLeastMs) : offlineMs);
  }

  /** Nothing of what was going on goes on. */
  #leave(phase: Phase, code: string): void {
    this.report(code);
    this.set({ phase, busy: false, renewal: 'none', since: null });
  }

  #delay(attempt: number): number {
    const { delaysMs, jitter } = this.settings;
    const delay = delaysMs[Math.min(attempt, delaysMs.length) - 1] ?? 0;
    return Math.round(delay * (1 + jitter * (2 * this.moment.random - 1)));
  }
}
