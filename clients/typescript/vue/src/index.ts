/**
 * Live voice conversations in Vue.
 *
 * @module
 */
export { useOpenAIVoice } from './use-openai-voice.ts';
export type { OpenAIVoice, UseOpenAIVoiceOptions } from './use-openai-voice.ts';
export { LimiError } from '@limi-ai/client';
export type {
  ErrorCode,
  Levels,
  RealtimeSession,
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
