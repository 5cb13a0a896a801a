/**
 * A finished component for a voice conversation. Its style is `@limi-ai/react/ui.css`.
 *
 * @module
 */
export { VoiceConnectionUI } from './ui/voice-connection-ui.tsx';
export type { VoiceConnectionUIProps } from './ui/voice-connection-ui.tsx';
