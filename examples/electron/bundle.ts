/** Bundles the three programs of the application, each for the place where it runs. */
import { copyFile, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';
import type { BuildOptions } from 'esbuild';

const SOURCE = path.join(import.meta.dirname, 'src');
const NODE: BuildOptions = { platform: 'node', format: 'cjs', target: 'node22', external: ['electron'] };

export async function bundle(folder: string): Promise<void> {
  const make = (from: string, to: string, options: BuildOptions): Promise<unknown> =>
    build({
      entryPoints: [path.join(SOURCE, from)],
      outfile: path.join(folder, to),
      bundle: true,
      logLevel: 'warning',
      ...options,
    });
  await mkdir(folder, { recursive: true });
  await Promise.all([
    // The official SDK's Node parts are for sessions, which the main process never has.
    make('main.ts', 'main.cjs', { ...NODE, external: ['electron', '@openai/agents-realtime'] }),
    make('preload.ts', 'preload.cjs', NODE),
    make('renderer.ts', 'renderer.js', { platform: 'browser', format: 'iife', target: 'chrome120' }),
    copyFile(path.join(SOURCE, 'index.html'), path.join(folder, 'index.html')),
  ]);
}
