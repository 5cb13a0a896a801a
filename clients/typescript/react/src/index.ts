/**
 * Live voice conversations in React.
 *
 * @module
 */
export { useVoiceConnection } from './use-voice-connection.ts';
export type { UseVoiceConnectionOptions, VoiceConnectionResult } from './use-voice-connection.ts';
export { useVoice, VoiceProvider } from './voice-provider.tsx';
export type { VoiceProviderProps } from './voice-provider.tsx';
export { LimiError } from '@limi-ai/client';
export type {
  ErrorCode,
  Levels,
  ReconnectOptions,
  TranscriptEntry,
  TransportKind,
  VoiceConnection,
  VoiceEvent,
  VoiceOptions,
  VoiceSnapshot,
  VoiceState,
  VoiceStatus,
  VoiceTool,
} from '@limi-ai/client';
