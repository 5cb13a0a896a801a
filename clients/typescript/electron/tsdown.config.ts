import { defineConfig } from 'tsdown';
import type { UserConfig } from 'tsdown';

const SHARED: UserConfig = {
  target: 'es2022',
  dts: true,
  tsconfig: 'tsconfig.build.json',
  // How long it took is nobody's worry.
  inputOptions: { checks: { bundlerTimings: false } },
};

export default defineConfig([
  {
    ...SHARED,
    entry: ['src/index.ts', 'src/renderer.ts', 'src/testing.ts'],
    platform: 'neutral',
    deps: { neverBundle: ['electron'] },
  },
  {
    ...SHARED,
    // A sandboxed preload script is one CommonJS file which may require little more than Electron itself
    // (https://www.electronjs.org/docs/latest/tutorial/sandbox#preload-scripts).
    entry: ['src/preload.ts'],
    format: 'cjs',
    platform: 'node',
    clean: false,
    deps: { neverBundle: ['electron'] },
  },
]);
