/**
 * Live voice conversations in Electron: the main process.
 *
 * @packageDocumentation
 */
export { LimiAIDesktopIntegration } from './integration.ts';
export type { DesktopOptions } from './integration.ts';
export type {
  VoiceBridge,
  VoiceConnectAnswer,
  VoiceConnectRequest,
  VoiceFailure,
  VoiceHealthAnswer,
} from './bridge.ts';
export { LimiError } from '@limi-ai/client';
