import type { RealtimeServerEvent } from 'openai/resources/realtime/realtime';
import type { Scenario } from '../scenarios.ts';

/** What the page needs to know; everything in it may be seen by whoever uses the page. */
export interface Access {
  transport: 'webrtc' | 'websocket';
  key: string;
  url: string;
}

/** What the page and the test that drives it call of each other. */
declare global {
  interface Window {
    play: (scenario: Scenario, access: Access) => Promise<RealtimeServerEvent[]>;
    hangUp: (callId: string) => Promise<void>;
  }
}
