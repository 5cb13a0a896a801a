import { defineConfig } from 'tsdown';

export default defineConfig({
  entry: ['src/index.ts', 'src/ui.ts'],
  platform: 'neutral',
  target: 'es2022',
  dts: true,
  tsconfig: 'tsconfig.build.json',
  // How long it took is nobody's worry.
  inputOptions: { checks: { bundlerTimings: false } },
  // Servers that render React have to be told that these components live in the browser.
  banner: { js: "'use client';" },
});
