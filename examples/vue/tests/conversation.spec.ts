import path from 'node:path';
import { build, preview } from 'vite';
import { testExample } from '../../../web/tests/host/example-tests.ts';

const ROOT = path.resolve(import.meta.dirname, '..');

testExample({
  platform: 'Vue: the example',
  picture: path.join(ROOT, 'output/vue-conversation.png'),
  serve: async (backendUrl) => {
    const outDir = path.join(ROOT, 'output/site');
    const common = { root: ROOT, logLevel: 'warn', build: { outDir, emptyOutDir: true } } as const;
    process.env['VITE_LIMI_BACKEND_URL'] = backendUrl;
    await build(common);
    const site = await preview({ ...common, preview: { port: 0, host: 'localhost' } });
    return { url: site.resolvedUrls?.local[0] ?? '', close: () => site.close() };
  },
});
