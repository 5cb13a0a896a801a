import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    // Each file but one starts a backend of its own; one at a time is quicker than two that wait for each other.
    fileParallelism: false,
    // Far above what a busy machine needs.
    testTimeout: 30_000,
  },
});
