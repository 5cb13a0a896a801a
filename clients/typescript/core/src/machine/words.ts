/**
 * What the state machine of a conversation is told, what it remembers, and what it asks for.
 *
 * All of it is plain data: `conformance/transitions/*.json` holds it as it stands here, and the Python client
 * replays the same files.
 *
 * @module
 */

import type { ReconnectOptions, TransportKind } from '../types.ts';

/** Where a conversation is. The public status follows from it. */
export type Phase =
  /** Nothing is held. */
  | 'idle'
  /** The microphone is being opened, which may wait for a person. */
  | 'preparing'
  /** A key is being asked for. */
  | 'minting'
  /** A session is being opened with the key. */
  | 'opening'
  /** Both sides can be heard. */
  | 'live'
  /** As `live`, but the path has gone bad and has some time to become good again. */
  | 'unsteady'
  /** As `live`, while the key for the next session is asked for, because this one is about to reach its end. */
  | 'renewing'
  /** The connection is lost, and the next attempt has to wait. */
  | 'waiting'
  /** It is over, and `error` says why. */
  | 'failed';

/** The clocks that may run. */
export type TimerName = 'open' | 'grace' | 'stable' | 'renew' | 'retry';

/** Numbers and facts that are fixed for the life of a connection; the numbers are the application's to choose. */
export interface MachineSettings extends Required<ReconnectOptions> {
  readonly transport: 'auto' | TransportKind;
  readonly hasWebRTC: boolean;
}

export const DEFAULT_SETTINGS: MachineSettings = {
  transport: 'auto',
  hasWebRTC: true,
  maxAttempts: 3,
  delaysMs: [1000, 2000, 3000],
  jitter: 0.2,
  webrtcTimeoutMs: 10_000,
  websocketTimeoutMs: 10_000,
  graceMs: 5_000,
  stableAfterMs: 10_000,
  offlineMs: 30_000,
  renewAfterMs: 3_300_000,
  renewPatienceMs: 180_000,
  renewRetryMs: 30_000,
};

/** What happens to a conversation. */
export type Input =
  /** The application's wishes. */
  | { readonly type: 'connect' }
  | { readonly type: 'disconnect' }
  /** Outcomes of `open_microphone`. */
  | { readonly type: 'microphone_opened' }
  | { readonly type: 'microphone_failed'; readonly code: string }
  /** The microphone in use went away. */
  | { readonly type: 'microphone_lost' }
  | { readonly type: 'devices_changed' }
  /** Outcomes of `mint`. */
  | { readonly type: 'minted' }
  | {
      readonly type: 'mint_failed';
      readonly code: string;
      readonly retryable: boolean;
      readonly retryAfterMs?: number;
    }
  /** Outcomes of `open`. */
  | { readonly type: 'opened' }
  | { readonly type: 'open_failed'; readonly code: string }
  /** The session ended without having been closed. */
  | { readonly type: 'lost'; readonly code: string }
  /** The server ended the call, and said why. */
  | { readonly type: 'ended'; readonly reason: string }
  | { readonly type: 'unsteady' }
  | { readonly type: 'steady' }
  /** Somebody is speaking, or nobody any more. */
  | { readonly type: 'busy' }
  | { readonly type: 'quiet' }
  | { readonly type: 'timer'; readonly name: TimerName }
  | { readonly type: 'online' }
  | { readonly type: 'offline' }
  | { readonly type: 'visible' };

/** When an input came, and a random number from 0 up to 1 for the jitter. */
export interface Moment {
  readonly at: number;
  readonly random: number;
}

/** What the driver is asked to do, in this order. */
export type Effect =
  | { readonly type: 'open_microphone' }
  /** Hand the newly opened microphone to the session that runs. */
  | { readonly type: 'use_microphone' }
  | { readonly type: 'close_microphone' }
  | { readonly type: 'mint' }
  | { readonly type: 'cancel_mint' }
  | { readonly type: 'open'; readonly transport: TransportKind }
  | { readonly type: 'close' }
  /** Tell the new session what was said in the one before. */
  | { readonly type: 'restore_history' }
  | { readonly type: 'start_timer'; readonly name: TimerName; readonly delayMs: number }
  | { readonly type: 'stop_timer'; readonly name: TimerName }
  | { readonly type: 'report_connected'; readonly durationMs: number; readonly transport: TransportKind }
  | { readonly type: 'report_error'; readonly code: string };

/** Why a conversation failed, or what is amiss in it. */
export interface Trouble {
  readonly code: string;
  readonly reason?: string;
}

/** What the machine remembers. */
export interface Machine {
  readonly phase: Phase;
  readonly transport: TransportKind | null;
  /** Attempts to get a lost connection back, since it last held. */
  readonly attempt: number;
  /** Whether this conversation was live before, so that there may be something to restore. */
  readonly resuming: boolean;
  readonly microphone: 'closed' | 'opening' | 'open' | 'missing';
  readonly online: boolean;
  readonly busy: boolean;
  readonly renewal: 'none' | 'due' | 'forced';
  readonly error: Trouble | null;
  /** When the present try to get a connection began. */
  readonly since: number | null;
  readonly timers: readonly TimerName[];
}

export const IDLE: Machine = {
  phase: 'idle',
  transport: null,
  attempt: 0,
  resuming: false,
  microphone: 'closed',
  online: true,
  busy: false,
  renewal: 'none',
  error: null,
  since: null,
  timers: [],
};

/** A machine's next state, and what has to be done. */
export interface Step {
  readonly machine: Machine;
  readonly effects: readonly Effect[];
}
