/**
 * The browser.
 *
 * @module
 */

import type { PageEvent, Platform, VoiceSession } from '../platform.ts';
import { openMicrophone } from './browser/microphone.ts';
import { COMMON } from './common.ts';

/** The platform of a page. Makes nothing and touches nothing until a conversation begins. */
export function browserPlatform(): Platform {
  return {
    ...COMMON,
    name: 'browser',
    // It may be taken away by an extension, so it is looked up when a conversation is made.
    get hasWebRTC() {
      return typeof RTCPeerConnection !== 'undefined';
    },
    resolveUrl: (url) => new URL(url, document.baseURI).href,
    isOnline: () => navigator.onLine,
    listen,
    openMicrophone,
    async createSession(request, observer): Promise<VoiceSession> {
      const sdk = await import('@openai/agents-realtime');
      if (request.transport === 'webrtc') {
        const { WebRTCSession } = await import('./browser/webrtc-session.ts');
        return WebRTCSession.make(sdk, request, observer);
      }
      // Most conversations never need it.
      const { WebSocketSession } = await import('./browser/websocket-session.ts');
      return WebSocketSession.make(sdk, request, observer);
    },
  };
}

function listen(listener: (event: PageEvent) => void): () => void {
  const stop = new AbortController();
  const hear = (target: EventTarget | undefined, type: string, read: () => PageEvent): void => {
    target?.addEventListener(
      type,
      () => {
        listener(read());
      },
      { signal: stop.signal },
    );
  };
  for (const event of ['online', 'offline', 'pagehide'] as const) hear(window, event, () => event);
  hear(document, 'visibilitychange', () => document.visibilityState);
  // Pages that are not secure have no media devices, whatever the types say.
  hear(navigator.mediaDevices, 'devicechange', () => 'devicechange');
  return () => {
    stop.abort();
  };
}
