/**
 * Which pages may ask for keys: a page that was navigated elsewhere, or embeds a stranger, runs the same preload script.
 *
 * @module
 */
import type { IpcMainInvokeEvent } from 'electron';

/**
 * Whether the message came from a page that is on the list, and from the page itself rather than a frame inside it.
 *
 * An entry ending in a slash is the beginning of an address, any other one an origin. What cannot be told any more,
 * because the frame has gone, is refused.
 */
export function isTrusted(event: IpcMainInvokeEvent, allowed: readonly string[]): boolean {
  try {
    const { senderFrame: frame } = event;
    if (frame === null || frame.isDestroyed() || frame.parent !== null) return false;
    const { origin, url } = frame;
    return allowed.some((entry) => (entry.endsWith('/') ? url.startsWith(entry) : origin === entry));
  } catch {
    // Electron throws when a frame is disposed of between two looks at it.
    return false;
  }
}

/** An origin; all files; or the beginning of an address, which has to name more than its scheme. No wildcards. */
const ENTRY = /^(file:\/\/|[a-z][a-z0-9+.-]*:\/\/([^/*]+|[^*]*[^/*]\/))$/;

/** Refuse a list that would let nobody in, or everybody, by mistake. */
export function checkOrigins(allowed: readonly string[]): void {
  if (allowed.length === 0) throw new TypeError('allowedOrigins is empty: no page could ask for a key');
  const wrong = allowed.find((entry) => !ENTRY.test(entry));
  if (wrong === undefined) return;
  throw new TypeError(
    `allowedOrigins: "${wrong}" is neither an origin such as "app://app" nor the beginning of an address ending in "/"`,
  );
}
