/** React Native as far as this package uses it: a telephone that a test holds in its hand. */
import type * as native from 'react-native';

type AppListener = (state: native.AppStateStatus) => void;

/** What the test decides, and what it may look at. */
export const phone = {
  system: 'ios',
  permission: 'granted',
  asked: [] as string[],
  appListeners: new Set<AppListener>(),
  become(state: native.AppStateStatus): void {
    for (const listener of [...phone.appListeners]) listener(state);
  },
  reset(): void {
    Object.assign(phone, { system: 'ios', permission: 'granted', asked: [] });
    phone.appListeners.clear();
  },
};

export const AppState: typeof native.AppState = {
  addEventListener: (_type, listener) => {
    phone.appListeners.add(listener);
    return {
      remove: () => {
        phone.appListeners.delete(listener);
      },
    };
  },
};

export const Platform: typeof native.Platform = {
  get OS() {
    return phone.system;
  },
};

export const PermissionsAndroid: typeof native.PermissionsAndroid = {
  PERMISSIONS: { RECORD_AUDIO: 'android.permission.RECORD_AUDIO' },
  RESULTS: { GRANTED: 'granted' },
  request: (permission) => {
    phone.asked.push(permission);
    return Promise.resolve(phone.permission);
  },
};
