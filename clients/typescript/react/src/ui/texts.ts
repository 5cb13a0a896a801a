import type { VoiceStatus } from '@limi-ai/client';

/** What the badge says in each state. */
export const BADGE_TEXTS: Readonly<Record<VoiceStatus, string>> = {
  connected: 'Connected',
  connecting: 'Connecting…',
  disconnected: 'Disconnected',
  failed: 'Failed',
};

/** What the button says: what a click does, or what is going on. */
export const BUTTON_TEXTS: Readonly<Record<VoiceStatus, string>> = {
  connected: 'Disconnect',
  connecting: 'Connecting…',
  disconnected: 'Connect Voice',
  failed: 'Connect Voice',
};

const HELP_TEXTS: Readonly<Record<VoiceStatus, string>> = {
  connected: 'Just speak: the assistant hears you and answers. You may interrupt it at any time.',
  connecting: 'Getting ready. Your browser may ask whether the microphone may be used.',
  disconnected: 'Click Connect Voice, allow the microphone, and start talking.',
  failed: 'The conversation could not be held. See below what to do, then connect again.',
};

/** The sentence below the title: what to do now. */
export function helpText(
  status: VoiceStatus,
  { attempt, muted }: { attempt: number; muted: boolean },
): string {
  if (status === 'connecting' && attempt > 0) {
    return `The connection was lost. Reconnecting, attempt ${String(attempt)}.`;
  }
  if (status === 'connected' && muted) return 'You are muted: the assistant does not hear you.';
  return HELP_TEXTS[status];
}
