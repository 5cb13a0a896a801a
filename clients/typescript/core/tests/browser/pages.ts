/** Serves the test's page and the built package's code, from an origin of its own as an application would. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { build } from 'esbuild';

const PAGE =
  '<!doctype html><meta charset="utf-8"><title>Client</title><script type="module" src="/page.js"></script>';

const HTML = 'text/html; charset=utf-8';
const SCRIPT = 'text/javascript; charset=utf-8';

interface File {
  readonly type: string;
  readonly body: string | Uint8Array;
}

export class Pages {
  readonly #server: Server;
  readonly #files: Map<string, File>;

  private constructor(server: Server, files: Map<string, File>) {
    this.#server = server;
    this.#files = files;
  }

  static async start(): Promise<Pages> {
    const files = new Map<string, File>([['/', { type: HTML, body: PAGE }]]);
    for (const [url, body] of await bundle()) files.set(url, { type: SCRIPT, body });
    const server = createServer((request, response) => {
      const file = files.get(request.url ?? '');
      response
        .writeHead(file === undefined ? 404 : 200, { 'Content-Type': file?.type ?? HTML })
        .end(file?.body);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Pages(server, files);
  }

  /** Serve one more page, with its script. @returns its address. */
  offer(name: string, html: string, script: string): string {
    this.#files.set(`/${name}`, {
      type: HTML,
      body: `${html}<script type="module" src="/${name}.js"></script>`,
    });
    this.#files.set(`/${name}.js`, { type: SCRIPT, body: script });
    return this.url + name;
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}/`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** Split as a bundler splits it for users, so that what is loaded late is really loaded late. */
async function bundle(): Promise<Map<string, Uint8Array>> {
  const folder = path.join(import.meta.dirname, 'bundle');
  const { outputFiles } = await build({
    entryPoints: [path.join(import.meta.dirname, 'page.ts')],
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    outdir: folder,
    write: false,
    logLevel: 'warning',
  });
  return new Map(
    outputFiles.map(({ path: file, contents }) => [`/${path.relative(folder, file)}`, contents]),
  );
}
