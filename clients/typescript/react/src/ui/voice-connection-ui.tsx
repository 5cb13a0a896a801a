import { useContext, useEffect, useRef, type ReactElement } from 'react';
import {
  useVoiceConnection,
  type UseVoiceConnectionOptions,
  type VoiceConnectionResult,
} from '../use-voice-connection.ts';
import { VoiceContext } from '../voice-context.ts';
import { VoiceCard } from './voice-card.tsx';

/** What {@link VoiceConnectionUI} takes; whatever `useVoiceConnection` takes, it takes as well. */
export interface VoiceConnectionUIProps extends Partial<UseVoiceConnectionOptions> {
  /** Called with `true` when a conversation begins, and with `false` when it ends. */
  onConnectionChange?: ((connected: boolean) => void) | undefined;
  /** Light, dark, or as the reader's system has it (the default). A `dark` class further up means dark as well. */
  theme?: 'light' | 'dark' | 'system' | undefined;
  /** For the outermost element, to place the card. */
  className?: string | undefined;
}

/**
 * A card with which to hold a conversation: state, button, levels, transcript, errors.
 *
 * Without a `backendUrl` it shows the conversation of the `VoiceProvider` around it; without a provider it
 * talks to the backend at `/api` of the page's own origin. It disconnects when it is taken away, unless the
 * conversation is the provider's.
 *
 * @example
 * ```tsx
 * import { VoiceConnectionUI } from '@limi-ai/react/ui';
 * import '@limi-ai/react/ui.css';
 *
 * <VoiceConnectionUI backendUrl="http://localhost:3001/api" onConnectionChange={(on) => console.log(on)} />
 * ```
 */
export function VoiceConnectionUI(props: VoiceConnectionUIProps): ReactElement {
  const provided = useContext(VoiceContext);
  const { theme = 'system', className, onConnectionChange, backendUrl, ...options } = props;
  const shared = provided !== null && backendUrl === undefined;
  return (
    <div className={className === undefined ? 'limi-voice' : `limi-voice ${className}`} data-theme={theme}>
      {shared ? (
        <ShownVoice voice={provided} onConnectionChange={onConnectionChange} />
      ) : (
        <OwnVoice
          options={{ ...options, backendUrl: backendUrl ?? '/api' }}
          onConnectionChange={onConnectionChange}
        />
      )}
    </div>
  );
}

type ChangeListener = VoiceConnectionUIProps['onConnectionChange'];

function OwnVoice(props: {
  options: UseVoiceConnectionOptions;
  onConnectionChange: ChangeListener;
}): ReactElement {
  const voice = useVoiceConnection(props.options);
  return <ShownVoice voice={voice} onConnectionChange={props.onConnectionChange} />;
}

function ShownVoice(props: {
  voice: VoiceConnectionResult;
  onConnectionChange: ChangeListener;
}): ReactElement {
  useConnectionChange(props.voice.isConnected, props.onConnectionChange);
  return <VoiceCard voice={props.voice} />;
}

/** Tells beginnings and ends; being taken away in the middle of a conversation is an end. */
function useConnectionChange(connected: boolean, onChange: ChangeListener): void {
  const latest = useRef(onChange);
  useEffect(() => {
    latest.current = onChange;
  });
  useEffect(() => {
    if (!connected) return;
    latest.current?.(true);
    return () => {
      latest.current?.(false);
    };
  }, [connected]);
}
