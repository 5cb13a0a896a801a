/**
 * The application's own pages, at an origin of their own: a page from a file has none, so that no backend could allow
 * it (https://www.electronjs.org/docs/latest/tutorial/security#18-avoid-usage-of-the-file-protocol-and-prefer-usage-of-custom-protocols).
 */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { net, protocol } from 'electron';

/** A backend in development lets every page of localhost in, whatever its scheme; others name it among theirs. */
export const ORIGIN = 'app://localhost';

/** All that there is to be had. */
const FILES: Readonly<Record<string, string>> = { '/': 'index.html', '/renderer.js': 'renderer.js' };

/** Has to be called before the application is ready. */
export function registerScheme(): void {
  const privileges = { standard: true, secure: true, supportFetchAPI: true };
  protocol.registerSchemesAsPrivileged([{ scheme: 'app', privileges }]);
}

export function servePages(folder: string): void {
  protocol.handle('app', ({ url }) => {
    const { host, pathname } = new URL(url);
    const file = host === 'localhost' && Object.hasOwn(FILES, pathname) ? FILES[pathname] : undefined;
    if (file === undefined) return new Response('Not found', { status: 404 });
    return net.fetch(pathToFileURL(path.join(folder, file)).href);
  });
}
