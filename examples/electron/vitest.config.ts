import { defineConfig } from 'vitest/config';

// A server starts and three programs are bundled: far above what a busy machine needs for that.
export default defineConfig({
  test: { include: ['tests/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 120_000 },
});
