import { useVoice, VoiceProvider } from '@limi-ai/react';
import { VoiceConnectionUI } from '@limi-ai/react/ui';
import '@limi-ai/react/ui.css';
import { useState, type ReactElement } from 'react';

/** Where `make serve` is, unless the build was told otherwise. */
const BACKEND_URL = import.meta.env.VITE_LIMI_BACKEND_URL ?? 'http://localhost:3001/api';

export function App(): ReactElement {
  const [conversations, setConversations] = useState(0);
  return (
    <VoiceProvider backendUrl={BACKEND_URL}>
      <header>
        <h1>My application</h1>
        <Indicator />
      </header>
      <main>
        <VoiceConnectionUI
          onConnectionChange={(connected) => {
            if (connected) setConversations((before) => before + 1);
          }}
        />
        <p>Conversations so far: {conversations}</p>
      </main>
    </VoiceProvider>
  );
}

/** Any component inside the provider sees the same conversation. */
function Indicator(): ReactElement {
  const { isConnected, transcript } = useVoice();
  return <p>{isConnected ? `On air, ${String(transcript.length)} said` : 'Off air'}</p>;
}
