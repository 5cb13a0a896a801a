import type { VoiceStatus } from '@limi-ai/client';
import { Loader2, Mic, MicOff } from 'lucide-react';
import type { ReactElement } from 'react';
import { Button } from '../components/ui/button.tsx';
import { BUTTON_TEXTS } from './texts.ts';

interface ConnectButtonProps {
  status: VoiceStatus;
  onConnect: () => void;
  onDisconnect: () => void;
}

/**
 * One button for both ways. While it connects it says so and does nothing, yet it is not `disabled`: a disabled
 * button loses the focus, and with it whoever uses a keyboard loses the place.
 */
export function ConnectButton({ status, onConnect, onDisconnect }: ConnectButtonProps): ReactElement {
  if (status === 'connecting') {
    return (
      <Button size="lg" aria-disabled="true">
        <Loader2 aria-hidden="true" className="limi:animate-spin" />
        {BUTTON_TEXTS.connecting}
      </Button>
    );
  }
  const connected = status === 'connected';
  const Icon = connected ? MicOff : Mic;
  return (
    <Button
      size="lg"
      variant={connected ? 'outline' : 'default'}
      onClick={connected ? onDisconnect : onConnect}
    >
      <Icon aria-hidden="true" />
      {BUTTON_TEXTS[status]}
    </Button>
  );
}
