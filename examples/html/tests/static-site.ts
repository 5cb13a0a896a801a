import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};

export interface StaticSite {
  readonly url: string;
  readonly close: () => void;
}

/** Serves a folder as it is, with a text of its pages replaced by another. */
export async function serveFolder(folder: string, replaced: string, by: string): Promise<StaticSite> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const file = path.join(folder, pathname === '/' ? 'index.html' : pathname);
    const type = TYPES[path.extname(file)] ?? 'application/octet-stream';
    readFile(file).then(
      (body) => {
        const content = type.startsWith('text/html') ? body.toString().replaceAll(replaced, by) : body;
        response.writeHead(200, { 'Content-Type': type }).end(content);
      },
      () => response.writeHead(404).end(),
    );
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://localhost:${String((server.address() as AddressInfo).port)}/`, close };
}
