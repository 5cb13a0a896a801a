import { useContext, type ReactElement, type ReactNode } from 'react';
import {
  useVoiceConnection,
  type UseVoiceConnectionOptions,
  type VoiceConnectionResult,
} from './use-voice-connection.ts';
import { VoiceContext } from './voice-context.ts';

/** What {@link VoiceProvider} takes: the hook's options, and what may use the conversation. */
export interface VoiceProviderProps extends UseVoiceConnectionOptions {
  children?: ReactNode;
}

/**
 * Holds one conversation for everything inside it; {@link useVoice} reads it there.
 *
 * @example
 * ```tsx
 * <VoiceProvider backendUrl="http://localhost:3001/api">
 *   <Toolbar />
 *   <VoiceConnectionUI />
 * </VoiceProvider>
 * ```
 */
export function VoiceProvider({ children, ...options }: VoiceProviderProps): ReactElement {
  const voice = useVoiceConnection(options);
  return <VoiceContext.Provider value={voice}>{children}</VoiceContext.Provider>;
}

/**
 * Returns the conversation of the {@link VoiceProvider} around the component.
 *
 * @throws Error when there is no provider around it.
 *
 * @example
 * ```tsx
 * const { status, connect } = useVoice();
 * ```
 */
export function useVoice(): VoiceConnectionResult {
  const voice = useContext(VoiceContext);
  if (!voice)
    throw new Error('useVoice: put a <VoiceProvider backendUrl="…"> around the component that calls it.');
  return voice;
}
