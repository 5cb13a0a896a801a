import { VoiceConnection } from '@limi-ai/client';
import type {
  Levels,
  LimiError,
  RealtimeSession,
  TranscriptEntry,
  VoiceOptions,
  VoiceStatus,
} from '@limi-ai/client';
import { useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { ConnectionHolder, connectionKey, IDLE, type MakeConnection } from './connection-holder.ts';

type Optional<T> = { [Name in keyof T]?: T[Name] | undefined };

/**
 * What {@link useVoiceConnection} takes: everything that a `VoiceConnection` of `@limi-ai/client` does.
 *
 * @remarks
 * Another `backendUrl`, `model`, `profile`, `sessionId`, `transport`, or other `instructions`, `variables` or
 * `capabilities` make another conversation; the one before is ended. Callbacks may be new with each render. The rest
 * (`tools`, `reconnect`, `platform`, …) is read when the conversation is made.
 */
export interface UseVoiceConnectionOptions extends Optional<Omit<VoiceOptions, 'backendUrl'>> {
  /** The backend's base URL, such as `http://localhost:3001/api`; on the page's own origin `/api` will do. */
  backendUrl: string;
  /** Connect as soon as the component is there. Browsers may stay silent until the reader clicked something. */
  autoConnect?: boolean | undefined;
}

/** What {@link useVoiceConnection} returns. The same object until something in it changed. */
export interface VoiceConnectionResult {
  readonly status: VoiceStatus;
  /** Why it failed; null when nothing did. */
  readonly error: LimiError | null;
  /** The official session of `@openai/agents-realtime`; null while there is none. */
  readonly session: RealtimeSession | null;
  /** Connects, and resolves when that succeeded or failed. It never rejects: `status` and `error` say what happened. */
  readonly connect: () => Promise<void>;
  /** Ends the conversation, or the attempt to begin one. */
  readonly disconnect: () => Promise<void>;
  readonly isConnected: boolean;
  readonly isConnecting: boolean;
  /** What both sides said, as it comes. */
  readonly transcript: readonly TranscriptEntry[];
  readonly muted: boolean;
  /** Mutes the microphone, or opens it again. */
  readonly mute: (on: boolean) => void;
  /** How loud both sides are now, from 0 to 1; ask as often as a meter moves. */
  readonly levels: () => Levels;
  /** Which attempt to get a lost connection back is under way; 0 when none is. */
  readonly attempt: number;
  /** Says something in writing. */
  readonly sendText: (text: string) => void;
  /** Makes the assistant stop talking. */
  readonly interrupt: () => void;
}

/**
 * Holds a voice conversation for a component, and ends it when the component goes.
 *
 * @example
 * ```tsx
 * const { status, error, connect, disconnect, isConnected } = useVoiceConnection({
 *   backendUrl: 'http://localhost:3001/api',
 * });
 * return <button onClick={isConnected ? disconnect : connect}>{status}</button>;
 * ```
 */
export function useVoiceConnection(options: UseVoiceConnectionOptions): VoiceConnectionResult {
  return useConnection(options, makeConnection);
}

function makeConnection(options: VoiceOptions): VoiceConnection {
  return new VoiceConnection(options);
}

/** The hook over any connection; the tests bring one of their own. */
export function useConnection(
  options: UseVoiceConnectionOptions,
  make: MakeConnection,
): VoiceConnectionResult {
  const holder = useHolder(options, make);
  const snapshot = useSyncExternalStore(holder.subscribe, holder.getSnapshot, () => IDLE);
  const { state, transcript, muted } = snapshot;
  const { session } = holder;
  return useMemo(
    () => ({
      status: state.status,
      error: state.error ?? null,
      session,
      connect: holder.connect,
      disconnect: holder.disconnect,
      isConnected: state.status === 'connected',
      isConnecting: state.status === 'connecting',
      transcript,
      muted,
      mute: holder.mute,
      levels: holder.levels,
      attempt: state.attempt ?? 0,
      sendText: holder.sendText,
      interrupt: holder.interrupt,
    }),
    [state, transcript, muted, session, holder],
  );
}

function useHolder(options: UseVoiceConnectionOptions, make: MakeConnection): ConnectionHolder {
  const [held, setHeld] = useState(() => new ConnectionHolder(options, make));
  // React's own way to follow a property: it renders again at once, and nobody sees the render in between
  // (https://react.dev/reference/react/useState#storing-information-from-previous-renders).
  if (held.key !== connectionKey(options)) setHeld(new ConnectionHolder(options, make));
  useEffect(() => {
    held.update(options);
  });
  const { autoConnect = false } = options;
  useEffect(() => {
    const release = held.retain();
    if (autoConnect) void held.connect();
    return release;
  }, [held, autoConnect]);
  return held;
}
