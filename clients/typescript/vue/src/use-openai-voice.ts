import type { Levels, RealtimeSession, TranscriptEntry, VoiceOptions, VoiceState } from '@limi-ai/client';
import { computed, getCurrentScope, onScopeDispose, toValue } from 'vue';
import type { ComputedRef, MaybeRefOrGetter, ShallowRef } from 'vue';
import { Conversation } from './conversation.ts';

/** What {@link useOpenAIVoice} takes: everything that a `VoiceConnection` of `@limi-ai/client` does. */
export type UseOpenAIVoiceOptions = Omit<VoiceOptions, 'backendUrl'>;

/** What {@link useOpenAIVoice} returns. */
export interface OpenAIVoice {
  /** `status`, and where there is one `error`, `sessionId`, and `attempt` while a lost connection is got back. */
  readonly state: ComputedRef<VoiceState>;
  /** Whether both sides can be heard. */
  readonly isConnected: ComputedRef<boolean>;
  /**
   * Connects, and resolves when that succeeded or failed: `state` says what happened. It rejects only where an option
   * makes no sense. With another model than the conversation's that one is ended and another begun.
   */
  readonly connect: (model?: string) => Promise<void>;
  /** Ends the conversation, or the attempt to begin one. */
  readonly disconnect: () => Promise<void>;
  /** What both sides said, as it comes; of the last conversation until the next one begins. */
  readonly transcript: ComputedRef<readonly TranscriptEntry[]>;
  readonly muted: Readonly<ShallowRef<boolean>>;
  /** Mutes the microphone, or opens it again; holds for the next conversation as well. */
  readonly mute: (on: boolean) => void;
  /** How loud both sides are now, from 0 to 1; ask as often as a meter moves. */
  readonly levels: () => Levels;
  /** The official session of `@openai/agents-realtime`; null while there is none. */
  readonly session: Readonly<ShallowRef<RealtimeSession | null>>;
  /** Says something in writing. */
  readonly sendText: (text: string) => void;
  /** Makes the assistant stop talking. */
  readonly interrupt: () => void;
}

/**
 * Holds a voice conversation for a component, or any other effect scope, and ends it when the scope goes.
 *
 * @remarks
 * Nothing is opened, asked or listened to before `connect` is called, so it may be used in what a server renders.
 * `backendUrl` and `options` may be refs or getters; they are read whenever a conversation begins.
 *
 * @example
 * ```ts
 * const { state, isConnected, connect, disconnect } = useOpenAIVoice('http://localhost:3001/api');
 * watch(state, ({ status, error }) => console.log(status, error?.hint));
 * await connect('gpt-realtime-2.1');
 * ```
 */
export function useOpenAIVoice(
  backendUrl: MaybeRefOrGetter<string>,
  options: MaybeRefOrGetter<UseOpenAIVoiceOptions> = {},
): OpenAIVoice {
  const conversation = new Conversation(() => ({ ...toValue(options), backendUrl: toValue(backendUrl) }));
  if (getCurrentScope()) {
    onScopeDispose(() => {
      conversation.dispose();
    });
  }
  const { snapshot, connect, disconnect, muted, mute, levels, session, sendText, interrupt } = conversation;
  return {
    state: computed(() => snapshot.value.state),
    isConnected: computed(() => snapshot.value.state.status === 'connected'),
    connect,
    disconnect,
    transcript: computed(() => snapshot.value.transcript),
    muted,
    mute,
    levels,
    session,
    sendText,
    interrupt,
  };
}
