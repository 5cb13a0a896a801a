/**
 * The platform of where this runs.
 *
 * @module
 */

import type { Platform } from '../platform.ts';
import { browserPlatform } from './browser.ts';
import { nodePlatform } from './node.ts';

/** The browser's where there is a document, else Node's. Anything else passes its own. */
export function defaultPlatform(): Platform {
  return typeof document === 'undefined' ? nodePlatform() : browserPlatform();
}
