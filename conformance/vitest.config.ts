import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/node/**/*.test.ts'],
    globalSetup: ['tests/node/setup.ts'],
    // Scenarios wait for sounds and for keys to expire, not for the processor.
    testTimeout: 90_000,
    hookTimeout: 90_000,
    maxConcurrency: 4,
    maxWorkers: 2,
  },
});
