import { createContext } from 'react';
import type { VoiceConnectionResult } from './use-voice-connection.ts';

/** Where a {@link VoiceProvider} puts its conversation. */
export const VoiceContext = createContext<VoiceConnectionResult | null>(null);
