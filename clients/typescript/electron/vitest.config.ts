import path from 'node:path';
import { defineConfig } from 'vitest/config';

const core = path.resolve(import.meta.dirname, '../core/src');
const own = path.resolve(import.meta.dirname, 'src');

export default defineConfig({
  resolve: {
    // The sources, so that a test never runs against a build of yesterday.
    alias: [
      { find: /^@limi-ai\/electron$/, replacement: path.join(own, 'index.ts') },
      { find: /^@limi-ai\/electron\/renderer$/, replacement: path.join(own, 'renderer.ts') },
      { find: /^@limi-ai\/client$/, replacement: path.join(core, 'index.ts') },
      { find: /^@limi-ai\/client\/testing$/, replacement: path.join(core, 'testing.ts') },
      // There is no Electron in these tests, only its types.
      { find: /^electron$/, replacement: path.resolve(import.meta.dirname, 'tests/electron.ts') },
    ],
  },
  test: {
    include: ['tests/**/*.test.ts'],
    // Far above what a busy machine needs.
    testTimeout: 20_000,
    restoreMocks: true,
  },
});
