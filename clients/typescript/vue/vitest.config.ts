import path from 'node:path';
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vitest/config';

const core = path.resolve(import.meta.dirname, '../core/src');

export default defineConfig({
  plugins: [vue()],
  resolve: {
    // The sources, so that a test never runs against a build of yesterday.
    alias: [
      { find: /^@limi-ai\/vue$/, replacement: path.resolve(import.meta.dirname, 'src/index.ts') },
      { find: /^@limi-ai\/client$/, replacement: path.join(core, 'index.ts') },
      { find: /^@limi-ai\/client\/testing$/, replacement: path.join(core, 'testing.ts') },
    ],
  },
  test: {
    include: ['tests/**/*.test.ts'],
    // Far above what a busy machine needs.
    testTimeout: 20_000,
    environment: 'jsdom',
    setupFiles: ['tests/setup.ts'],
    restoreMocks: true,
  },
});
