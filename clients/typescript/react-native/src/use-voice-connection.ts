/**
 * React's hook, on this platform.
 *
 * @module
 */
import { useVoiceConnection as useConnection } from '@limi-ai/react';
import type { UseVoiceConnectionOptions, VoiceConnectionResult } from '@limi-ai/react';
import { useState } from 'react';
import { reactNativePlatform } from './platform.ts';
import type { ReactNativeOptions } from './types.ts';
import { VERSION } from './version.ts';

/** What {@link useVoiceConnection} takes: what the hook for React does, and the native modules. */
export interface UseMobileVoiceOptions extends UseVoiceConnectionOptions, ReactNativeOptions {}

/**
 * Holds a voice conversation for a component, and ends it when the component goes. See `@limi-ai/react`.
 *
 * @remarks
 * The native modules are read once, when the component appears.
 *
 * @example
 * ```tsx
 * const { status, connect, isConnected, disconnect } = useVoiceConnection({
 *   backendUrl: 'https://voice.example.com/api',
 * });
 * return <Button title={status} onPress={isConnected ? disconnect : connect} />;
 * ```
 */
export function useVoiceConnection(options: UseMobileVoiceOptions): VoiceConnectionResult {
  const { inCallManager, netInfo, ...rest } = options;
  const [platform] = useState(() =>
    reactNativePlatform({
      ...(inCallManager === undefined ? {} : { inCallManager }),
      ...(netInfo === undefined ? {} : { netInfo }),
    }),
  );
  return useConnection({
    clientName: `react-native/${VERSION}`,
    platform,
    transport: 'webrtc',
    ...rest,
  });
}
