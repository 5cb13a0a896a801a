import { Mic, MicOff } from 'lucide-react';
import { useCallback, useId, type ReactElement } from 'react';
import { Button } from '../components/ui/button.tsx';
import { Card, CardContent, CardDescription, CardHeader, CardTitle } from '../components/ui/card.tsx';
import type { VoiceConnectionResult } from '../use-voice-connection.ts';
import { ConnectButton } from './connect-button.tsx';
import { ErrorNotice } from './error-notice.tsx';
import { LevelMeter } from './level-meter.tsx';
import { StatusBadge } from './status-badge.tsx';
import { helpText } from './texts.ts';
import { Transcript } from './transcript.tsx';

/** The card: everything there is to see of a conversation, whoever holds it. */
export function VoiceCard({ voice }: { voice: VoiceConnectionResult }): ReactElement {
  const { status, error, attempt, muted, transcript } = voice;
  const title = useId();
  return (
    <Card aria-labelledby={title}>
      <CardHeader>
        <div className="limi:flex limi:flex-wrap limi:items-center limi:justify-between limi:gap-x-4 limi:gap-y-3">
          <div className="limi:flex limi:items-center limi:gap-2.5">
            <CardTitle id={title}>Voice Assistant:</CardTitle>
            <StatusBadge status={status} />
          </div>
          <Controls voice={voice} />
        </div>
        <CardDescription>{helpText(status, { attempt, muted })}</CardDescription>
      </CardHeader>
      {error ? (
        <CardContent>
          <ErrorNotice error={error} />
        </CardContent>
      ) : null}
      <CardContent>
        <Levels voice={voice} />
      </CardContent>
      {transcript.length > 0 ? (
        <CardContent>
          <Transcript entries={transcript} />
        </CardContent>
      ) : null}
    </Card>
  );
}

function Controls({ voice }: { voice: VoiceConnectionResult }): ReactElement {
  const { status, muted, mute, connect, disconnect } = voice;
  return (
    <div className="limi:flex limi:items-center limi:gap-2">
      {status === 'connected' ? (
        <Button
          size="lg"
          variant={muted ? 'secondary' : 'ghost'}
          aria-pressed={muted}
          onClick={() => {
            mute(!muted);
          }}
        >
          {muted ? <MicOff aria-hidden="true" /> : <Mic aria-hidden="true" />}
          Mute
        </Button>
      ) : null}
      {status === 'connecting' ? (
        <Button size="lg" variant="ghost" onClick={() => void disconnect()}>
          Cancel
        </Button>
      ) : null}
      <ConnectButton
        status={status}
        onConnect={() => void connect()}
        onDisconnect={() => void disconnect()}
      />
    </div>
  );
}

function Levels({ voice }: { voice: VoiceConnectionResult }): ReactElement {
  const { levels, isConnected, muted } = voice;
  const mine = useCallback(() => levels().input, [levels]);
  const theirs = useCallback(() => levels().output, [levels]);
  return (
    <div className="limi:flex limi:gap-3">
      <LevelMeter label="You" read={mine} active={isConnected && !muted} tone="mine" />
      <LevelMeter label="Assistant" read={theirs} active={isConnected} tone="theirs" />
    </div>
  );
}
