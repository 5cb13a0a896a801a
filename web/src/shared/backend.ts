/** Where the backend is that served this page; the page may stand below a path, behind a proxy. */
export function backendLink(path: string): string {
  return new URL(path, document.baseURI).href;
}
