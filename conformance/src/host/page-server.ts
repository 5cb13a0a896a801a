import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { build } from 'esbuild';

const BROWSER = path.resolve(import.meta.dirname, '../browser');

/** Serves the page and its script from an origin of its own, as an application would be; from memory. */
export class PageServer {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<PageServer> {
    const files = new Map([
      ['/', { type: 'text/html; charset=utf-8', body: readFileSync(path.join(BROWSER, 'page.html')) }],
      ['/page.js', { type: 'text/javascript; charset=utf-8', body: await script() }],
    ]);
    const server = createServer((request, response) => {
      const file = files.get(request.url ?? '');
      response.writeHead(file ? 200 : 404, { 'Content-Type': file?.type ?? 'text/plain' }).end(file?.body);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new PageServer(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

async function script(): Promise<Uint8Array> {
  const { outputFiles } = await build({
    entryPoints: [path.join(BROWSER, 'page.ts')],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2023',
    write: false,
    logLevel: 'warning',
  });
  const [file] = outputFiles;
  if (!file) throw new Error('esbuild made no file');
  return file.contents;
}
