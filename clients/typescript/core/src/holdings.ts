/**
 * What a conversation holds of the world: a microphone, a request for a key, a session. Each is asked for here, and
 * what came of it becomes an input of the machine, unless it was given back meanwhile.
 *
 * @module
 */

import { isRetryable } from './backend.ts';
import type { Backend } from './backend.ts';
import { LimiError } from './errors.ts';
import type { Input } from './machine/words.ts';
import { present } from './members.ts';
import { MicrophoneProblem, SessionProblem } from './platform.ts';
import type {
  AbortLike,
  Microphone,
  Platform,
  ServerEvent,
  SessionObserver,
  VoiceSession,
} from './platform.ts';
import type { Problems } from './problems.ts';
import type { EphemeralKey, TransportKind, VoiceOptions } from './types.ts';
import { verdictOf } from './verdicts.ts';

/** What the holdings are made from, and whom they tell. */
export interface HoldingsParts {
  readonly options: VoiceOptions;
  readonly platform: Platform;
  readonly backend: Backend;
  readonly problems: Problems;
  readonly take: (input: Input) => void;
  readonly onServerEvent: (event: ServerEvent) => void;
  readonly onInterrupted: () => void;
}

export class Holdings {
  readonly #parts: HoldingsParts;

  /** Who finds another object here than the one it began with comes too late. */
  #microphoneTry: object | null = null;
  #microphone: Microphone | null = null;
  #mintTry: AbortLike | null = null;
  #key: EphemeralKey | null = null;
  #sessionTry: object | null = null;
  #session: VoiceSession | null = null;
  /** What a session that is about to close said of why. */
  #farewell: 'token_expired' | 'network_error' | null = null;

  /** Whether every microphone, this one and the next, is silenced. */
  muted = false;
  /** What the backend calls this conversation. */
  sessionId: string | undefined;

  constructor(parts: HoldingsParts) {
    this.#parts = parts;
  }

  get microphone(): Microphone | null {
    return this.#microphone;
  }

  get session(): VoiceSession | null {
    return this.#session;
  }

  mute(on: boolean): void {
    this.muted = on;
    this.#microphone?.mute(on);
  }

  async openMicrophone(): Promise<void> {
    const { platform, backend, problems, take } = this.#parts;
    this.closeMicrophone();
    const attempt = {};
    this.#microphoneTry = attempt;
    try {
      const microphone = await platform.openMicrophone();
      if (this.#microphoneTry === attempt) this.#keepMicrophone(microphone);
      else microphone.close();
    } catch (cause) {
      if (this.#microphoneTry !== attempt) return;
      const code = cause instanceof MicrophoneProblem ? cause.code : 'unsupported_platform';
      const final = code !== 'microphone_missing';
      // Only the platform knows what it lacks.
      const lack = code === 'unsupported_platform' && { hint: (cause as Error).message };
      problems.remember(backend.error(code, { cause, final, ...lack }));
      take({ type: 'microphone_failed', code });
    }
  }

  useMicrophone(): void {
    if (this.#microphone !== null) this.#session?.replaceMicrophone(this.#microphone);
  }

  closeMicrophone(): void {
    this.#microphoneTry = null;
    this.#microphone?.close();
    this.#microphone = null;
  }

  async mint(): Promise<void> {
    const { options, platform, backend, problems, take } = this.#parts;
    const attempt = platform.createAbort();
    this.#mintTry = attempt;
    // One conversation keeps its name, whatever keys it is carried on with.
    const { sessionId } = this;
    try {
      const key = await backend.mint({ ...options, ...present({ sessionId }) }, attempt.signal);
      if (this.#mintTry !== attempt) return;
      this.#key = key;
      this.sessionId = key.sessionId;
      take({ type: 'minted' });
    } catch (cause) {
      if (this.#mintTry !== attempt) return;
      const error = cause instanceof LimiError ? cause : backend.error('network_error', { cause });
      problems.remember(error);
      const { code, retryAfterMs } = error;
      take({ type: 'mint_failed', code, retryable: isRetryable(error), ...present({ retryAfterMs }) });
    }
  }

  cancelMint(): void {
    this.#mintTry?.abort();
    this.#mintTry = null;
  }

  async open(transport: TransportKind): Promise<void> {
    const { backend, problems, take } = this.#parts;
    const attempt = {};
    this.#sessionTry = attempt;
    this.#farewell = null;
    const microphone = this.#microphone;
    try {
      const session = await this.#makeSession(transport, attempt);
      if (this.#sessionTry !== attempt) {
        session.close();
        return;
      }
      this.#session = session;
      // A device may have gone while the session was made, and another one have taken its place.
      if (this.#microphone !== microphone) this.useMicrophone();
      await session.open();
      if (this.#sessionTry === attempt) take({ type: 'opened' });
    } catch (cause) {
      if (this.#sessionTry !== attempt) return;
      const code = this.#codeOf(cause);
      problems.remember(backend.error(code, { cause }));
      take({ type: 'open_failed', code });
    }
  }

  close(): void {
    const session = this.#session;
    this.#sessionTry = null;
    this.#session = null;
    session?.close();
  }

  /** The server's own words come first: what the connection says is that it is gone. */
  #codeOf(cause: unknown): SessionProblem['code'] {
    return this.#farewell ?? (cause instanceof SessionProblem ? cause.code : 'network_error');
  }

  #keepMicrophone(microphone: Microphone): void {
    const { take } = this.#parts;
    this.#microphone = microphone;
    microphone.mute(this.muted);
    microphone.onLost(() => {
      if (this.#microphone === microphone) take({ type: 'microphone_lost' });
    });
    take({ type: 'microphone_opened' });
  }

  async #makeSession(transport: TransportKind, attempt: object): Promise<VoiceSession> {
    const { options, platform } = this.#parts;
    const { instructions, tools } = options;
    const key = this.#key;
    this.#key = null;
    // Whether a key has expired is for upstream to say: the device's clock may be hours from the server's.
    if (key === null) throw new SessionProblem('token_expired');
    return platform.createSession(
      {
        transport,
        key: key.ephemeralKey,
        url: key.urls[transport],
        model: key.model,
        microphone: this.#microphone,
        ...present({ instructions, tools }),
      },
      this.#observe(attempt),
    );
  }

  #observe(attempt: object): SessionObserver {
    const { take, onServerEvent, onInterrupted } = this.#parts;
    const whileCurrent =
      <Arguments extends unknown[]>(act: (...given: Arguments) => void) =>
      (...given: Arguments): void => {
        if (this.#sessionTry === attempt) act(...given);
      };
    return {
      onServerEvent: whileCurrent((event) => {
        const verdict = verdictOf(event);
        if (verdict?.type === 'closing') this.#farewell = verdict.code;
        if (verdict?.type === 'ended') take({ type: 'ended', reason: verdict.reason });
        onServerEvent(event);
      }),
      onUnsteady: whileCurrent((unsteady) => {
        take({ type: unsteady ? 'unsteady' : 'steady' });
      }),
      onClosed: whileCurrent(() => {
        take({ type: 'lost', code: this.#farewell ?? 'network_error' });
      }),
      onInterrupted: whileCurrent(onInterrupted),
    };
  }
}
