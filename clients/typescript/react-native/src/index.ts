/**
 * Live voice conversations in React Native.
 *
 * @packageDocumentation
 */
export { LimiAIMobileClient } from './client.ts';
export type { MobileOptions } from './client.ts';
export { reactNativePlatform } from './platform.ts';
export type { AudioSession, NetInfo, ReactNativeOptions } from './types.ts';
export { useVoiceConnection } from './use-voice-connection.ts';
export type { UseMobileVoiceOptions } from './use-voice-connection.ts';
export { LimiError } from '@limi-ai/client';
export type { VoiceConnectionResult } from '@limi-ai/react';
export type {
  EphemeralKey,
  ReconnectOptions,
  TranscriptEntry,
  VoiceConnection,
  VoiceEvent,
  VoiceSnapshot,
  VoiceState,
  VoiceStatus,
  VoiceTool,
} from '@limi-ai/client';
