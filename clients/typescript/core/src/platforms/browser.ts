/**
 * The browser.
 *
 * @module
 */

import type { PageEvent, Platform, VoiceSession } from '../platform.ts';
import { mediaDevices, openMicrophone } from './browser/microphone.ts';
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
        return new WebRTCSession(sdk, request, observer);
      }
      // Most conversations never need it.
      const { WebSocketSession } = await import('./browser/websocket-session.ts');
      return new WebSocketSession(sdk, request, observer);
    },
  };
}

function listen(listener: (event: PageEvent) => void): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  const tell = ({ type }: Event): void => {
    listener(type === 'visibilitychange' ? document.visibilityState : (type as PageEvent));
  };
  for (const type of ['online', 'offline', 'pagehide']) addEventListener(type, tell, { signal });
  document.addEventListener('visibilitychange', tell, { signal });
  mediaDevices()?.addEventListener('devicechange', tell, { signal });
  return () => {
    stop.abort();
  };
}
