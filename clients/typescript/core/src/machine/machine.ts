/**
 * The state machine of a conversation: a table from phase and input to the next state and what to do.
 *
 * It holds no clock, socket or promise: inputs go in, effects come out. `conformance/transitions` has the
 * table in words and runs through it as data, which the tests of both client languages replay. An input that a
 * phase does not list is ignored there.
 *
 * @module
 */

import type { VoiceStatus } from '../types.ts';
import { Draft } from './draft.ts';
import type { Input, Machine, MachineSettings, Moment, Phase, Step, TimerName } from './words.ts';

type Rule<T extends Input['type']> = (draft: Draft, input: Extract<Input, { type: T }>) => void;

type Rules = { readonly [T in Input['type']]?: Rule<T> };

/** A retry that the backend puts off for longer than this is left to the person. */
const LONGEST_WAIT_MS = 60_000;

const ended: Rule<'ended'> = (draft, { reason }) => {
  draft.fail('session_ended', reason);
};

/** What a session that runs does, however it fares. */
const LIVE: Rules = {
  lost: (draft, { code }) => {
    draft.recover(code);
  },
  ended,
  busy: (draft) => {
    draft.set({ busy: true });
  },
  quiet: (draft) => {
    draft.set({ busy: false });
    renewIfDue(draft);
  },
  timer: rang,
};

/** What each phase does with each input. */
const TABLE: Readonly<Record<Phase, Rules>> = {
  idle: { connect: begin },

  preparing: {
    microphone_opened: (draft) => {
      draft.set({ microphone: 'open' });
      mint(draft);
    },
    microphone_failed: (draft, { code }) => {
      draft.set({ microphone: 'closed' });
      draft.fail(code);
    },
  },

  minting: {
    minted: open,
    mint_failed: (draft, { code, retryable, retryAfterMs = 0 }) => {
      // The request is over, so nothing is to be cancelled.
      draft.enter('waiting');
      if (retryable && retryAfterMs <= LONGEST_WAIT_MS && draft.machine.resuming) {
        draft.recover(code, retryAfterMs);
      } else {
        draft.fail(code);
      }
    },
  },

  opening: {
    opened: goLive,
    open_failed: openingFailed,
    lost: openingFailed,
    ended,
    timer: (draft) => {
      // Only the one for opening runs now.
      openingFailed(draft, {
        code: draft.transport === 'webrtc' ? 'webrtc_connection_failed' : 'network_error',
      });
    },
  },

  live: {
    ...LIVE,
    unsteady: (draft) => {
      draft.enter('unsteady');
      draft.start('grace', draft.settings.graceMs);
    },
  },

  unsteady: {
    ...LIVE,
    steady: (draft) => {
      draft.stop('grace');
      draft.enter('live');
      renewIfDue(draft);
    },
  },

  renewing: {
    ...LIVE,
    minted: (draft) => {
      if (draft.machine.busy && draft.machine.renewal !== 'forced') {
        // Somebody began to speak while the key was fetched: cutting that off is worse than an unused key.
        draft.enter('live');
        draft.start('renew', draft.settings.renewPatienceMs);
      } else {
        draft.stopAll();
        draft.do({ type: 'close' });
        draft.set({ renewal: 'none', busy: false });
        open(draft);
      }
    },
    mint_failed: (draft, { code }) => {
      draft.set({ renewal: 'none' });
      draft.enter('live');
      draft.report(code);
      draft.start('renew', draft.settings.renewRetryMs);
    },
  },

  waiting: {
    // Only the one for the attempt runs now.
    timer: mint,
    online: retryNow,
    visible: retryNow,
    offline: (draft) => {
      // Attempts that must fail are not to use up the few there are.
      draft.start('retry', draft.settings.offlineMs);
    },
  },

  failed: { connect: begin },
};

/** What holds in every phase in which a conversation is on. */
const ALWAYS: Rules = {
  disconnect: (draft) => {
    draft.release();
    draft.reset();
  },
  microphone_lost: (draft) => {
    draft.openMicrophone();
  },
  microphone_opened: (draft) => {
    draft.set({ microphone: 'open', error: null });
    if (draft.hasSession) draft.do({ type: 'use_microphone' });
  },
  microphone_failed: (draft, { code }) => {
    draft.set({ microphone: 'missing', error: { code } });
    draft.report(code);
  },
  devices_changed: (draft) => {
    if (draft.machine.microphone === 'missing') draft.openMicrophone();
  },
};

/**
 * Take one input.
 *
 * @returns the machine afterwards (the same object where nothing changed) and what to do, in order.
 */
export function step(machine: Machine, input: Input, moment: Moment, settings: MachineSettings): Step {
  const draft = new Draft(machine, moment, settings);
  if (input.type === 'online' || input.type === 'offline') draft.set({ online: input.type === 'online' });
  if (input.type === 'timer') draft.rang(input.name);
  const rule = ruleFor(machine.phase, input.type);
  rule?.(draft, input as never);
  return draft.step();
}

/** The public status of a phase. */
export function statusOf(phase: Phase): VoiceStatus {
  if (phase === 'idle') return 'disconnected';
  if (phase === 'failed') return 'failed';
  return phase === 'live' || phase === 'unsteady' || phase === 'renewing' ? 'connected' : 'connecting';
}

/** Whether a phase does anything with an input; the documented table is held against this. */
export function listens(phase: Phase, type: Input['type']): boolean {
  return ruleFor(phase, type) !== undefined;
}

function ruleFor(phase: Phase, type: Input['type']): ((draft: Draft, input: never) => void) | undefined {
  const own = TABLE[phase][type];
  if (own !== undefined || phase === 'idle') return own;
  // A failed conversation holds nothing any more, so only leaving the failure behind makes sense.
  return phase === 'failed' && type !== 'disconnect' ? undefined : ALWAYS[type];
}

function begin(draft: Draft): void {
  const { transport, hasWebRTC } = draft.settings;
  draft.reset();
  if (transport === 'webrtc' && !hasWebRTC) {
    draft.fail('webrtc_unsupported');
    return;
  }
  const first = hasWebRTC ? 'webrtc' : 'websocket';
  draft.set({ phase: 'preparing', transport: transport === 'auto' ? first : transport });
  draft.openMicrophone();
}

function mint(draft: Draft): void {
  draft.set({ phase: 'minting', since: draft.machine.since ?? draft.moment.at });
  draft.do({ type: 'mint' });
}

function open(draft: Draft): void {
  const { transport } = draft;
  draft.enter('opening');
  draft.do({ type: 'open', transport });
  draft.start('open', draft.settings[`${transport}TimeoutMs`]);
}

function goLive(draft: Draft): void {
  const { since, resuming, attempt, microphone } = draft.machine;
  draft.stop('open');
  if (resuming) draft.do({ type: 'restore_history' });
  if (attempt > 0) draft.start('stable', draft.settings.stableAfterMs);
  draft.start('renew', draft.settings.renewAfterMs);
  if (since !== null) {
    draft.do({ type: 'report_connected', durationMs: draft.moment.at - since, transport: draft.transport });
  }
  if (microphone !== 'missing') draft.set({ error: null });
  draft.set({ phase: 'live', resuming: true, since: null });
}

function openingFailed(draft: Draft, { code }: { code: string }): void {
  const blocked = code === 'webrtc_connection_failed' || code === 'webrtc_unsupported';
  if (blocked && draft.transport === 'webrtc' && draft.settings.transport === 'auto') {
    // A key may be bound to the call that was begun with it, so the other transport gets one of its own.
    draft.stopAll();
    draft.do({ type: 'close' });
    draft.report(code);
    draft.set({ transport: 'websocket' });
    mint(draft);
  } else if (draft.machine.resuming || code === 'token_expired') {
    draft.recover(code);
  } else {
    draft.fail(code);
  }
}

/** The timers of a session that runs. */
function rang(draft: Draft, { name }: { name: TimerName }): void {
  if (name === 'grace') draft.recover('network_error');
  if (name === 'stable') draft.set({ attempt: 0 });
  if (name !== 'renew') return;
  draft.set({ renewal: draft.machine.renewal === 'none' ? 'due' : 'forced' });
  renewIfDue(draft);
  if (draft.machine.phase !== 'renewing') draft.start('renew', draft.settings.renewPatienceMs);
}

function renewIfDue(draft: Draft): void {
  const { phase, renewal, busy } = draft.machine;
  if (phase !== 'live' || renewal === 'none' || (busy && renewal !== 'forced')) return;
  draft.stop('renew');
  draft.enter('renewing');
  draft.do({ type: 'mint' });
}

function retryNow(draft: Draft): void {
  draft.stop('retry');
  mint(draft);
}
