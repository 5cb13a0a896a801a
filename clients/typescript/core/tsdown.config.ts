import { defineConfig } from 'tsdown';

export default defineConfig({
  entry: { index: 'src/index.ts', testing: 'src/testing.ts', 'platform-kit': 'src/platform-kit.ts' },
  format: 'esm',
  platform: 'neutral',
  target: 'es2022',
  dts: true,
  clean: true,
  sourcemap: false,
  // The SDK stays the application's: it is a peer dependency.
  deps: { neverBundle: [/^@openai\//] },
});
