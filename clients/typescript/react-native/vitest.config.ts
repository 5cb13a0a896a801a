import path from 'node:path';
import { defineConfig } from 'vitest/config';

const core = path.resolve(import.meta.dirname, '../core/src');
const doubles = path.resolve(import.meta.dirname, 'tests/doubles');

export default defineConfig({
  resolve: {
    // The sources, so that a test never runs against a build of yesterday.
    alias: [
      { find: /^@limi-ai\/react-native$/, replacement: path.resolve(import.meta.dirname, 'src/index.ts') },
      { find: /^@limi-ai\/react$/, replacement: path.resolve(import.meta.dirname, '../react/src/index.ts') },
      { find: /^@limi-ai\/client$/, replacement: path.join(core, 'index.ts') },
      { find: /^@limi-ai\/client\/platform-kit$/, replacement: path.join(core, 'platform-kit.ts') },
      { find: /^@limi-ai\/client\/testing$/, replacement: path.join(core, 'testing.ts') },
      // There is no telephone here.
      { find: /^react-native$/, replacement: path.join(doubles, 'react-native.ts') },
      { find: /^react-native-webrtc$/, replacement: path.join(doubles, 'react-native-webrtc.ts') },
    ],
  },
  test: {
    include: ['tests/**/*.test.{ts,tsx}'],
    // Far above what a busy machine needs.
    testTimeout: 20_000,
    restoreMocks: true,
    unstubGlobals: true,
  },
});
