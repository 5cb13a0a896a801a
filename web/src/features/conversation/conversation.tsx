import { VoiceConnectionUI, type VoiceConnectionUIProps } from '@limi-ai/react/ui';
import { useCallback, useRef, useState, type ReactElement } from 'react';
import { backendLink } from '../../shared/backend.ts';
import { AccessKey } from './access-key.tsx';

type StateListener = NonNullable<VoiceConnectionUIProps['onStateChange']>;

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
    <div className="flex flex-col gap-4">
      {needsKey ? <AccessKey value={key} onChange={change} /> : null}
      <VoiceConnectionUI
        backendUrl={backendLink('api')}
        getAuthorization={authorize}
        onStateChange={follow}
      />
    </div>
  );
}
