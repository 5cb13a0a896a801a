/**
 * What the README and the example use of React Native beyond this package, so that both can be checked without Expo's
 * tree. `make expo` checks the example against the real types.
 */

declare module 'react-native' {
  import type { ReactNode } from 'react';

  type Style = Readonly<Record<string, string | number>>;

  interface Properties {
    children?: ReactNode;
    style?: Style;
    accessibilityRole?: 'alert' | 'button' | 'header';
    accessibilityLiveRegion?: 'polite';
  }

  export function View(properties: Properties): ReactNode;
  export function Text(properties: Properties): ReactNode;
  export function ScrollView(properties: Properties): ReactNode;
  export function Pressable(properties: Properties & { onPress: () => void }): ReactNode;
  export function Button(properties: { title: string; onPress: () => void }): ReactNode;
  export const StyleSheet: { create<T extends Readonly<Record<string, Style>>>(styles: T): T };
}

declare module 'react-native-incall-manager' {
  const InCallManager: {
    start(setup?: { auto?: boolean; media?: 'video' | 'audio'; ringback?: string }): void;
    stop(setup?: { busytone?: string }): void;
  };
  export default InCallManager;
}

declare module '@react-native-community/netinfo' {
  const NetInfo: {
    addEventListener(listener: (state: { isConnected: boolean | null; type: string }) => void): () => void;
  };
  export default NetInfo;
}

declare module 'expo' {
  import type { ComponentType } from 'react';

  export function registerRootComponent(component: ComponentType): void;
}
