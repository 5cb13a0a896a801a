import type { VoiceStatus } from '@limi-ai/client';
import type { ReactElement } from 'react';
import { Badge, type BadgeVariant } from '../components/ui/badge.tsx';
import { cn } from '../lib/utils.ts';
import { BADGE_TEXTS } from './texts.ts';

const VARIANTS: Readonly<Record<VoiceStatus, BadgeVariant>> = {
  connected: 'success',
  connecting: 'busy',
  disconnected: 'outline',
  failed: 'destructive',
};

/** The state in a word; a screen reader says it when it changes. */
export function StatusBadge({ status }: { status: VoiceStatus }): ReactElement {
  return (
    <Badge variant={VARIANTS[status]} role="status">
      <span
        aria-hidden="true"
        className={cn(
          'limi:size-1.5 limi:rounded-full limi:bg-current',
          status === 'connecting' && 'limi:animate-pulse',
        )}
      />
      {BADGE_TEXTS[status]}
    </Badge>
  );
}
