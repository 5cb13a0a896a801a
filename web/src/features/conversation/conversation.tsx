import { VoiceConnectionUI } from '@limi-ai/react/ui';
import { useCallback, useRef, useState, type ReactElement } from 'react';
import { backendLink } from '../../shared/backend.ts';
import { AccessKey } from './access-key.tsx';

/** The conversation, and where the server asks for one, the key to it. */
export function Conversation({ needsKey }: { needsKey: boolean }): ReactElement {
  const [key, setKey] = useState('');
  const latest = useRef(key);
  const authorize = useCallback(() => (latest.current === '' ? undefined : `Bearer ${latest.current}`), []);
  const change = (text: string): void => {
    latest.current = text.trim();
    setKey(text);
  };
  return (
    <div className="flex flex-col gap-4">
      {needsKey ? <AccessKey value={key} onChange={change} /> : null}
      <VoiceConnectionUI backendUrl={backendLink('api')} getAuthorization={authorize} />
    </div>
  );
}
