import { VoiceProvider, type VoiceProviderProps } from '@limi-ai/react';
import { VoiceConnectionUI } from '@limi-ai/react/ui';
import { useCallback, useRef, useState, type ReactElement } from 'react';
import { backendLink } from '../../shared/backend.ts';
import { AccessKey } from './access-key.tsx';
import { InsecureNotice } from './insecure-notice.tsx';

type StateListener = NonNullable<VoiceProviderProps['onStateChange']>;

interface ConversationProps {
  needsKey: boolean;
  /** Called when the connection was made, was lost, or could not be made. */
  onTurn: () => void;
}

/** The conversation, and where the server asks for one, the key to it. */
export function Conversation({ needsKey, onTurn }: ConversationProps): ReactElement {
  const [key, setKey] = useState('');
  const latest = useRef(key);
  const authorize = useCallback(() => (latest.current === '' ? undefined : `Bearer ${latest.current}`), []);
  const change = (text: string): void => {
    latest.current = text.trim();
    setKey(text);
  };
  const follow: StateListener = ({ status, attempt = 0 }) => {
    if (status === 'connected' || status === 'failed' || attempt > 0) onTurn();
  };
  return (
    <VoiceProvider backendUrl={backendLink('api')} getAuthorization={authorize} onStateChange={follow}>
      <div className="flex flex-col gap-4">
        <InsecureNotice />
        {needsKey ? <AccessKey value={key} onChange={change} /> : null}
        <VoiceConnectionUI />
      </div>
    </VoiceProvider>
  );
}
