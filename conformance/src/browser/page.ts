import type { RealtimeItem } from '@openai/agents-realtime';
import { play } from '../agents/scenarios.ts';
import type { Access } from './access.ts';
import { WebRTCMedium, WebSocketMedium } from './media.ts';

window.play = async (scenario, access) => {
  show('state', `${scenario}, ${access.transport}: playing …`);
  const events = await play(scenario, mediumFor(access), showHistory);
  show('state', `${scenario}, ${access.transport}: passed, ${events.length} events.`);
  return events;
};

function mediumFor(access: Access): WebRTCMedium | WebSocketMedium {
  return access.transport === 'webrtc' ? new WebRTCMedium(access) : new WebSocketMedium(access);
}

function show(id: string, text: string): void {
  const element = document.getElementById(id);
  if (element) element.textContent = text;
}

function showHistory(history: RealtimeItem[]): void {
  const entries = history.flatMap((item) => {
    if (item.type !== 'message') return [];
    const entry = document.createElement('li');
    entry.className = item.role;
    entry.textContent = `${item.role}: ${item.content.map(wordsOf).join(' ')}`;
    return [entry];
  });
  document.getElementById('history')?.replaceChildren(...entries);
}

function wordsOf(part: { text: string } | { transcript?: string | null | undefined }): string {
  return 'text' in part ? part.text : (part.transcript ?? '…');
}
