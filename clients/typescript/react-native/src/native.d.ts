/**
 * What this package uses of React Native and react-native-webrtc, and no more.
 *
 * Their own types come with hundreds of packages that a workspace for browsers and servers should not install. The
 * example in `examples/react-native` is checked against the real ones.
 */

declare module 'react-native' {
  export type AppStateStatus = 'active' | 'background' | 'inactive' | 'unknown' | 'extension';

  export const AppState: {
    addEventListener(
      type: 'change',
      listener: (state: AppStateStatus) => void,
    ): {
      remove(): void;
    };
  };

  export const Platform: { readonly OS: string };

  export const PermissionsAndroid: {
    readonly PERMISSIONS: { readonly RECORD_AUDIO: 'android.permission.RECORD_AUDIO' };
    readonly RESULTS: { readonly GRANTED: 'granted' };
    request(permission: 'android.permission.RECORD_AUDIO'): Promise<string>;
  };
}

declare module 'react-native-webrtc' {
  export interface MediaStreamTrack {
    enabled: boolean;
    readonly readyState: string;
    stop(): void;
    addEventListener(type: 'ended', listener: () => void): void;
    removeEventListener(type: 'ended', listener: () => void): void;
  }

  export interface MediaStream {
    getAudioTracks(): MediaStreamTrack[];
    getTracks(): MediaStreamTrack[];
    /** Gives the native side back what it holds. */
    release(): void;
  }

  export const mediaDevices: {
    getUserMedia(constraints: { audio: true }): Promise<MediaStream>;
  };

  /** Made by the official transport only, which takes it for the browser's. */
  export const RTCPeerConnection: unknown;
}
