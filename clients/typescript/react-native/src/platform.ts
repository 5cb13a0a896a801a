/**
 * React Native, as the core's `Platform`.
 *
 * @module
 */
import { SessionProblem } from '@limi-ai/client';
import type { PageEvent, Platform, VoiceSession } from '@limi-ai/client';
import { COMMON, uuidFrom } from '@limi-ai/client/platform-kit';
import { AppState } from 'react-native';
import { openMicrophone } from './microphone.ts';
import { makeSession } from './session.ts';
import type { NetInfo, ReactNativeOptions } from './types.ts';

/**
 * The platform of React Native, on react-native-webrtc. Asks nothing of the telephone until a conversation begins.
 *
 * @example
 * ```ts
 * const voice = new VoiceConnection({
 *   backendUrl: 'https://voice.example.com/api',
 *   platform: reactNativePlatform({ inCallManager: InCallManager, netInfo: NetInfo }),
 *   transport: 'webrtc',
 * });
 * ```
 */
export function reactNativePlatform(options: ReactNativeOptions = {}): Platform {
  const { inCallManager, netInfo } = options;
  const network = { online: true };
  return {
    ...COMMON,
    name: 'react-native',
    hasWebRTC: true,
    // It tells requests apart and guards nothing: React Native has no `crypto` of its own to ask.
    createId: () => uuidFrom(() => Math.floor(Math.random() * 16)),
    resolveUrl: (url) => url,
    isOnline: () => network.online,
    listen(listener) {
      const stops = [listenToApp(listener), listenToNetwork(netInfo, network, listener)];
      return () => {
        for (const stop of stops) stop();
      };
    },
    openMicrophone,
    async createSession(request, observer): Promise<VoiceSession> {
      if (request.transport === 'websocket') {
        throw new SessionProblem(
          'webrtc_connection_failed',
          new Error('React Native has sound by WebRTC only.'),
        );
      }
      const sdk = await import('@openai/agents-realtime');
      return makeSession(sdk, request, observer, inCallManager);
    },
  };
}

/** An application in the background may be ended without a word, so what is to be reported goes out before. */
function listenToApp(listener: (event: PageEvent) => void): () => void {
  const subscription = AppState.addEventListener('change', (state) => {
    if (state === 'active') listener('visible');
    if (state !== 'background') return;
    listener('hidden');
    listener('pagehide');
  });
  return () => {
    subscription.remove();
  };
}

function listenToNetwork(
  netInfo: NetInfo | undefined,
  network: { online: boolean },
  listener: (event: PageEvent) => void,
): () => void {
  if (netInfo === undefined) return () => undefined;
  return netInfo.addEventListener(({ isConnected }) => {
    // Null is what is not known yet.
    const online = isConnected ?? network.online;
    if (online === network.online) return;
    network.online = online;
    listener(online ? 'online' : 'offline');
  });
}
