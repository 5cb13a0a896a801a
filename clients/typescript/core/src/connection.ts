/**
 * One voice conversation: carries out what the state machine asks for, and shows the outcome to whoever watches.
 *
 * Every outcome of an effect goes back into the machine as an input, unless the effect was called off meanwhile.
 *
 * @module
 */

import { Activity } from './activity.ts';
import { Backend } from './backend.ts';
import { Holdings } from './holdings.ts';
import { statusOf, step } from './machine/machine.ts';
import { IDLE } from './machine/words.ts';
import type { Effect, Input, Machine, MachineSettings, TimerName } from './machine/words.ts';
import { present, same } from './members.ts';
import type { Platform, ServerEvent, Timer } from './platform.ts';
import { defaultPlatform } from './platforms/default.ts';
import { Problems, publicWords } from './problems.ts';
import { Reports } from './reports.ts';
import { settingsOf } from './settings.ts';
import { Transcript } from './transcript.ts';
import type {
  Levels,
  RealtimeSession,
  VoiceEvent,
  VoiceOptions,
  VoiceSnapshot,
  VoiceState,
} from './types.ts';

/**
 * A voice conversation that connects, survives network trouble, and explains what went wrong.
 *
 * @example
 * ```ts
 * const voice = new VoiceConnection({
 *   backendUrl: 'http://localhost:3001/api',
 *   onStateChange: ({ status, error }) => console.log(status, error?.message),
 * });
 * await voice.connect();
 * ```
 */
export class VoiceConnection {
  readonly #options: VoiceOptions;
  readonly #platform: Platform;
  readonly #settings: MachineSettings;
  readonly #reports: Reports;
  readonly #problems: Problems;
  readonly #holdings: Holdings;
  readonly #transcript = new Transcript();
  readonly #activity = new Activity();
  readonly #listeners = new Set<() => void>();
  readonly #timers = new Map<TimerName, Timer>();

  #machine: Machine = IDLE;
  #snapshot: VoiceSnapshot = {
    state: { status: 'disconnected' },
    transcript: this.#transcript.entries,
    muted: false,
    transport: null,
  };
  readonly #waiters: ((outcome: VoiceState) => void)[] = [];
  /** Inputs that came while another one was being taken; null while none is. */
  #inputs: Input[] | null = null;
  #stopListening: (() => void) | null = null;

  constructor(options: VoiceOptions) {
    const { analytics = true } = options;
    this.#options = options;
    this.#platform = options.platform ?? defaultPlatform();
    this.#settings = settingsOf(options, this.#platform.hasWebRTC);
    const backend = new Backend(options.backendUrl, options, this.#platform);
    this.#reports = new Reports(backend, this.#platform, analytics);
    this.#problems = new Problems(backend);
    this.#holdings = new Holdings({
      options,
      platform: this.#platform,
      backend,
      problems: this.#problems,
      take: (input) => {
        this.#take(input);
      },
      onServerEvent: (event) => {
        this.#receive(event);
      },
      onInterrupted: () => {
        this.#tell({ type: 'interrupted' });
      },
    });
  }

  /** The state of this moment. */
  get connectionState(): VoiceState {
    return this.#snapshot.state;
  }

  /** The official session while there is one, for what this class does not cover. A reconnect makes a new one. */
  get session(): RealtimeSession | null {
    return (this.#holdings.session?.raw ?? null) as RealtimeSession | null;
  }

  /**
   * Begin a conversation.
   *
   * @returns a promise that settles once it is connected (or was disconnected meanwhile), and rejects with a
   * {@link LimiError} where that fails. While connecting or connected it is the same attempt that is waited for.
   */
  connect(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiters.push(({ status, error }) => {
        if (status === 'failed' && error !== undefined) reject(error);
        else resolve();
      });
      this.#take({ type: 'connect' });
    });
  }

  /**
   * End the conversation, whatever state it is in: at once, microphone and connection are given back.
   *
   * @returns a promise that resolves when the last report is delivered as well, after 3 seconds at most. Then nothing
   * is left, not even a timer.
   */
  disconnect(): Promise<void> {
    this.#take({ type: 'disconnect' });
    return this.#reports.flush();
  }

  /** Have `listener` called after every change of the snapshot. @returns the way to stop that. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Everything a view shows; the same object until something in it changed. */
  getSnapshot(): VoiceSnapshot {
    return this.#snapshot;
  }

  /** Silence the microphone, or let it be heard again. Holds across reconnects. */
  mute(on: boolean): void {
    this.#holdings.mute(on);
    this.#publish();
  }

  /** How loud it is now, for a meter that asks as often as it draws. */
  levels(): Levels {
    return {
      input: this.#holdings.muted ? 0 : (this.#holdings.microphone?.level() ?? 0),
      output: this.#holdings.session?.outputLevel() ?? 0,
    };
  }

  /** Say something in writing, which the assistant answers. Does nothing unless connected. */
  sendText(text: string): void {
    if (this.#isConnected) this.#holdings.session?.sendText(text);
  }

  /** Send sound where there is no microphone: 16-bit PCM, 24 kHz, mono. Does nothing unless connected. */
  sendAudio(pcm16: ArrayBuffer): void {
    if (this.#isConnected && !this.#holdings.muted) this.#holdings.session?.sendAudio(pcm16);
  }

  /** Make the assistant stop speaking. Does nothing unless connected. */
  interrupt(): void {
    if (this.#isConnected) this.#holdings.session?.interrupt();
  }

  get #isConnected(): boolean {
    return this.connectionState.status === 'connected';
  }

  /** Take an input, and then those that its effects bring about, one after the other. */
  #take(input: Input): void {
    if (this.#inputs !== null) {
      this.#inputs.push(input);
      return;
    }
    this.#inputs = [input];
    try {
      for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) this.#step(next);
    } finally {
      this.#inputs = null;
    }
    this.#settleWaiters();
  }

  #step(input: Input): void {
    const before = this.#machine;
    const moment = { at: this.#platform.now(), random: this.#platform.random() };
    const { machine, effects } = step(before, input, moment, this.#settings);
    this.#machine = machine;
    if (input.type === 'connect' && effects.length > 0) this.#begin();
    for (const effect of effects) this.#carryOut(effect);
    if (machine.phase === 'idle' || machine.phase === 'failed') this.#end();
    if (machine !== before) {
      if (machine.phase !== before.phase) {
        this.#tell({ type: 'phase', phase: machine.phase, input: input.type });
      }
      if (before.transport === 'webrtc' && machine.transport === 'websocket') {
        this.#tell({ type: 'fallback', from: 'webrtc' });
      }
      this.#publish();
    }
  }

  /** A new conversation begins: nothing of the one before is to be seen, and the page is listened to. */
  #begin(): void {
    this.#transcript.clear();
    this.#problems.clear();
    this.#holdings.sessionId = this.#options.sessionId;
    this.#stopListening ??= this.#platform.listen((event) => {
      if (event === 'pagehide') void this.#reports.flush();
      else if (event === 'devicechange') this.#take({ type: 'devices_changed' });
      else if (event !== 'hidden') this.#take({ type: event });
    });
    this.#take({ type: this.#platform.isOnline() ? 'online' : 'offline' });
  }

  #end(): void {
    this.#stopListening?.();
    this.#stopListening = null;
    void this.#reports.flush();
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case 'open_microphone':
        void this.#holdings.openMicrophone();
        break;
      case 'use_microphone':
        this.#holdings.useMicrophone();
        break;
      case 'close_microphone':
        this.#holdings.closeMicrophone();
        break;
      case 'mint':
        void this.#holdings.mint();
        break;
      case 'cancel_mint':
        this.#holdings.cancelMint();
        break;
      case 'open':
        this.#activity.clear();
        void this.#holdings.open(effect.transport);
        break;
      case 'close':
        this.#transcript.settle();
        this.#holdings.close();
        break;
      case 'restore_history':
        this.#holdings.session?.restore(this.#transcript.history());
        break;
      case 'start_timer':
        this.#timers.set(effect.name, this.#startTimer(effect.name, effect.delayMs));
        break;
      case 'stop_timer':
        this.#platform.clearTimer(this.#timers.get(effect.name));
        this.#timers.delete(effect.name);
        break;
      case 'report_connected':
        this.#reports.add({
          type: 'connection_successful',
          sessionId: this.#holdings.sessionId ?? '',
          durationMs: Math.round(effect.durationMs),
          transport: effect.transport,
        });
        break;
      case 'report_error':
        this.#reportError(effect.code);
        break;
    }
  }

  #startTimer(name: TimerName, delayMs: number): Timer {
    return this.#platform.setTimer(() => {
      this.#timers.delete(name);
      this.#take({ type: 'timer', name });
    }, delayMs);
  }

  #receive(event: ServerEvent): void {
    if (this.#activity.receive(event)) this.#take({ type: this.#activity.busy ? 'busy' : 'quiet' });
    if (this.#transcript.receive(event)) this.#publish();
  }

  #reportError(code: string): void {
    const { sessionId } = this.#holdings;
    this.#reports.add({
      type: 'error_occurred',
      ...present({ sessionId }),
      errorCode: code,
      errorMessage: publicWords(code),
    });
    this.#tell({ type: 'error', error: this.#problems.of(code, this.#machine.error?.reason) });
  }

  #view(): VoiceSnapshot {
    const { phase, attempt, error, transport } = this.#machine;
    const status = statusOf(phase);
    const state: VoiceState = present({
      status,
      error: error === null ? undefined : this.#problems.of(error.code, error.reason),
      sessionId: phase === 'idle' ? undefined : this.#holdings.sessionId,
      attempt: status === 'connecting' && attempt > 0 ? attempt : undefined,
    });
    return {
      state: same(this.connectionState, state) ? this.connectionState : state,
      transcript: this.#transcript.entries,
      muted: this.#holdings.muted,
      transport: status === 'connected' ? transport : null,
    };
  }

  /** Renew what is shown, and call whoever watches if anything in it changed. */
  #publish(): void {
    const before = this.#snapshot;
    const after = this.#view();
    if (same(before, after)) return;
    this.#snapshot = after;
    if (after.state !== before.state) {
      const { onStateChange } = this.#options;
      guarded(() => onStateChange?.(after.state));
      this.#tell({ type: 'state', state: after.state });
    }
    for (const listener of [...this.#listeners]) guarded(listener);
  }

  #settleWaiters(): void {
    const { connectionState } = this;
    if (connectionState.status === 'connecting') return;
    for (const settle of this.#waiters.splice(0)) settle(connectionState);
  }

  #tell(event: VoiceEvent): void {
    const { onEvent } = this.#options;
    guarded(() => onEvent?.(event));
  }
}

/** Call what the application gave us: what it throws is its own affair, and must not stop a conversation halfway. */
function guarded(call: () => void): void {
  // What is thrown in here rejects a promise that nobody waits for, which the place reports as it reports those.
  void new Promise<never>(() => {
    call();
  });
}
