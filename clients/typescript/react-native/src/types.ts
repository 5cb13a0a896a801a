/**
 * The native modules that an application may pass, as far as they are used.
 *
 * They are arguments rather than imports, so that who does not want them need not install them.
 *
 * @module
 */

/** The part of `react-native-incall-manager` that is used: takes the telephone's sound for a conversation. */
export interface AudioSession {
  /** Echo cancelling, loudspeaker or headset, the screen and the proximity sensor as in a call. */
  start(setup: { media: 'audio' }): void;
  /** As it was before. */
  stop(): void;
}

/** The part of `@react-native-community/netinfo` that is used. */
export interface NetInfo {
  /** Calls at once, and after each change; returns the way to stop. */
  addEventListener(listener: (state: { readonly isConnected: boolean | null }) => void): () => void;
}

/** What {@link reactNativePlatform} may be given. */
export interface ReactNativeOptions {
  /** The default export of `react-native-incall-manager`. Without it, sound goes where the system sends it. */
  readonly inCallManager?: AudioSession;
  /** The default export of `@react-native-community/netinfo`. Without it, the device is taken to be online. */
  readonly netInfo?: NetInfo;
}
