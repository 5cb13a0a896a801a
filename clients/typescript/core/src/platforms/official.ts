/**
 * The official `RealtimeSession` behind the core's `VoiceSession`, for either transport.
 *
 * The key brings the server's session configuration with it, so this sends only what the application itself set:
 * the SDK's own defaults would replace the profile's model, voice, instructions and turn detection.
 *
 * @module
 */

import type {
  OpenAIRealtimeWebRTC,
  OpenAIRealtimeWebSocket,
  RealtimeItem,
  RealtimeSession,
  RealtimeSessionConfig,
} from '@openai/agents-realtime';
import { present } from '../members.ts';
import { SessionProblem } from '../platform.ts';
import type { HistoryItem, ServerEvent, SessionObserver, SessionRequest } from '../platform.ts';

/** The SDK as a module. Platforms load it, and this file, for the first session: a key alone costs neither. */
export type SDK = typeof import('@openai/agents-realtime');

/** The official transports. */
export type OfficialTransport = OpenAIRealtimeWebRTC | OpenAIRealtimeWebSocket;
type Payload = ReturnType<OfficialTransport['buildSessionPayload']>;

/** What both transports have in common: the session, its events, its end. */
export class OfficialSession {
  readonly raw: RealtimeSession;
  readonly #request: SessionRequest;
  readonly #observer: SessionObserver;
  #state: 'new' | 'opening' | 'greeting' | 'open' | 'closed' = 'new';
  /** Ends the wait for a session that was closed while it was being opened. */
  #giveUp: (() => void) | null = null;
  #greeted: (() => void) | null = null;

  constructor(sdk: SDK, transport: OfficialTransport, request: SessionRequest, observer: SessionObserver) {
    this.#request = request;
    this.#observer = observer;
    const { instructions, model, tools } = request;
    leaveToProfile(transport, request);
    const agent = new sdk.RealtimeAgent({
      name: 'assistant',
      ...present({ instructions, tools: tools && [...tools] }),
    });
    this.raw = new sdk.RealtimeSession(agent, { transport, model });
    // Without a listener some emitters throw; what an error means is told by the event itself.
    this.raw.on('error', () => undefined);
    transport.on('*', (event: ServerEvent) => {
      this.#receive(event);
    });
    transport.on('audio_interrupted', () => {
      if (this.#state === 'open') observer.onInterrupted();
    });
    transport.on('connection_change', (status) => {
      if (status === 'disconnected') this.closed();
    });
  }

  get isOver(): boolean {
    return this.#state === 'closed';
  }

  /** Connect, and wait until the server has said who it is: a refusal comes after the connection as well. */
  async open(): Promise<void> {
    if (this.#state === 'closed') throw new SessionProblem('network_error');
    this.#state = 'opening';
    const greeted = new Promise<void>((resolve, reject) => {
      this.#greeted = resolve;
      this.#giveUp = () => {
        reject(new SessionProblem('network_error'));
      };
    });
    try {
      await Promise.all([greeted, this.#connect()]);
    } catch (cause) {
      this.close();
      throw cause instanceof SessionProblem ? cause : new SessionProblem(codeOf(cause, this.#request), cause);
    }
    // It may have been closed in the moment after both were there.
    if (!this.isOver) this.#state = 'open';
  }

  async #connect(): Promise<void> {
    const { key, url } = this.#request;
    await this.raw.connect({ apiKey: key, url });
    if (this.#state === 'opening') this.#state = 'greeting';
  }

  /** Is idempotent; tells nobody. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#giveUp?.();
    try {
      this.raw.close();
    } catch {
      // It is closed all the same: the SDK throws what its clean-up met only after finishing it.
    }
  }

  /** The transport ended by itself. */
  closed(): void {
    if (this.#state === 'open') {
      this.close();
      this.#observer.onClosed();
    } else if (this.#state === 'greeting') {
      // Before that the official session rejects by itself, and knows better why.
      this.#giveUp?.();
    }
  }

  /** See `VoiceSession`; does nothing unless open, as the following. */
  sendText(text: string): void {
    this.#whileOpen(() => {
      this.raw.sendMessage(text);
    });
  }

  /** See `VoiceSession`. */
  sendAudio(pcm16: ArrayBuffer): void {
    this.#whileOpen(() => {
      this.raw.sendAudio(pcm16);
    });
  }

  /** See `VoiceSession`. */
  interrupt(): void {
    this.#whileOpen(() => {
      this.raw.interrupt();
    });
  }

  /** See `VoiceSession`. */
  restore(history: readonly HistoryItem[]): void {
    this.#whileOpen(() => {
      this.raw.updateHistory(history.map(itemOf));
    });
  }

  #receive(event: ServerEvent): void {
    if (this.#state === 'closed') return;
    this.#observer.onServerEvent(event);
    // By WebSocket the official transport tells it itself; by WebRTC the server does.
    if (event.type === 'output_audio_buffer.cleared') this.#observer.onInterrupted();
    if (event.type === 'session.created') this.#greeted?.();
  }

  /** A transport that has just gone throws; that it has gone is told by its own event. */
  #whileOpen(act: () => void): void {
    if (this.#state !== 'open') return;
    try {
      act();
    } catch {
      // See above.
    }
  }
}

/** Have a transport send only what of the session's configuration is the application's own. */
function leaveToProfile(transport: OfficialTransport, { instructions }: SessionRequest): void {
  const build = transport.buildSessionPayload.bind(transport);
  Object.assign(transport, {
    buildSessionPayload: (config: Partial<RealtimeSessionConfig>): Payload => {
      const { tools } = build(config) as { tools?: unknown };
      return { type: 'realtime', ...present({ instructions, tools }) } as Payload;
    },
    // Tracing is the profile's affair as well.
    _updateTracingConfig: () => undefined,
  });
}

function itemOf({ id, role, text }: HistoryItem): RealtimeItem {
  const head = { itemId: id, type: 'message', status: 'completed' } as const;
  return role === 'user'
    ? { ...head, role, content: [{ type: 'input_text', text }] }
    : { ...head, role, content: [{ type: 'output_text', text }] };
}

/** What an `Error` of the SDK means; it gives the HTTP status in its message only. */
function codeOf(cause: unknown, { transport }: SessionRequest): SessionProblem['code'] {
  if (transport === 'websocket') return 'network_error';
  const message = cause instanceof Error ? cause.message : '';
  if (message.includes('failed with status 401')) return 'token_expired';
  if (message === 'WebRTC is not supported in this environment') return 'webrtc_unsupported';
  // What `fetch` rejects with when nobody answered; a fault of WebRTC itself has another name.
  return cause instanceof TypeError ? 'network_error' : 'webrtc_connection_failed';
}
