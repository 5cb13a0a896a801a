import path from 'node:path';
import { gzipSync } from 'node:zlib';
import tailwindcss from '@tailwindcss/vite';
import { defineConfig, type Plugin } from 'vite';

const clients = path.resolve(import.meta.dirname, '../clients/typescript');
/** Below this a twin saves less than its headers cost. */
const WORTH_GZIPPING_BYTES = 1_024;

/** Puts a gzipped twin beside what shrinks by it, so that the backend never has to compress anything. */
function gzippedTwins(): Plugin {
  return {
    name: 'limi-gzipped-twins',
    apply: 'build',
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        for (const file of Object.values(bundle)) {
          if (!/\.(js|css|svg|html)$/.test(file.fileName)) continue;
          const body = Buffer.from(file.type === 'chunk' ? file.code : file.source);
          if (body.length < WORTH_GZIPPING_BYTES) continue;
          this.emitFile({
            type: 'asset',
            fileName: `${file.fileName}.gz`,
            source: gzipSync(body, { level: 9 }),
          });
        }
      },
    },
  };
}

export default defineConfig({
  // The page may stand below a path, behind a proxy.
  base: './',
  plugins: [tailwindcss(), gzippedTwins()],
  resolve: {
    // The sources of our own packages, so that `make serve` builds the page and nothing before it.
    alias: [
      { find: /^@limi-ai\/client$/, replacement: path.join(clients, 'core/src/index.ts') },
      { find: /^@limi-ai\/react\/ui\.css$/, replacement: path.join(clients, 'react/src/ui/styles.css') },
      { find: /^@limi-ai\/react\/ui$/, replacement: path.join(clients, 'react/src/ui.ts') },
      { find: /^@limi-ai\/react$/, replacement: path.join(clients, 'react/src/index.ts') },
    ],
    dedupe: ['react', 'react-dom'],
  },
  build: {
    // Inside the Python package, which serves it and carries it in its wheel.
    outDir: '../src/limi/web',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    target: 'es2022',
    // The official session is a megabyte, loaded when somebody connects.
    chunkSizeWarningLimit: 1_200,
    rolldownOptions: {
      onLog(level, log, handler) {
        // Icons are marked `use client` for servers that render React; a page is all client.
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') handler(level, log);
      },
    },
  },
  server: {
    // `npm run dev -w web` beside a running `limi serve`.
    proxy: {
      '^/(api|sandbox|v1|errors|docs|openapi.json|healthz|readyz|metrics)': {
        target: 'http://localhost:3001',
        ws: true,
      },
    },
  },
});
