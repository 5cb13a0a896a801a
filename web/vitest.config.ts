import { mergeConfig } from 'vite';
import { defineConfig } from 'vitest/config';
import page from './vite.config.ts';

export default mergeConfig(
  page,
  defineConfig({
    test: {
      include: ['tests/unit/**/*.test.{ts,tsx}'],
      // Far above what a busy machine needs.
      testTimeout: 20_000,
      environment: 'jsdom',
      setupFiles: ['tests/unit/setup.ts'],
      restoreMocks: true,
    },
  }),
);
