import path from 'node:path';
import { build, preview } from 'vite';

export const ROOT = path.resolve(import.meta.dirname, '..');

/** The example, built for a backend, as its users would see it. */
export async function serve(backendUrl: string): Promise<{ url: string; close: () => Promise<void> }> {
  const outDir = path.join(ROOT, 'output/site');
  const common = { root: ROOT, logLevel: 'warn', build: { outDir, emptyOutDir: true } } as const;
  process.env['VITE_LIMI_BACKEND_URL'] = backendUrl;
  await build(common);
  const site = await preview({ ...common, preview: { port: 0, host: 'localhost' } });
  return { url: site.resolvedUrls?.local[0] ?? '', close: () => site.close() };
}
