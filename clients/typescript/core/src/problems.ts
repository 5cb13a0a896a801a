/**
 * The errors of one conversation, by their codes: the machine knows codes only, a person wants to know more.
 *
 * @module
 */

import type { Backend } from './backend.ts';
import { CLIENT_ERRORS } from './errors.generated.ts';
import type { ClientErrorCode } from './errors.generated.ts';
import type { LimiError } from './errors.ts';

export class Problems {
  readonly #backend: Backend;
  readonly #known = new Map<string, LimiError>();

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  clear(): void {
    this.#known.clear();
  }

  /** Keep what is known of an error until its code is asked for. */
  remember(error: LimiError): void {
    this.#known.set(error.code, error);
  }

  /** The error of a code: the same object each time, so that it can be compared. */
  of(code: string, reason?: string): LimiError {
    const known = this.#known.get(code);
    if (known !== undefined) return known;
    const final = reason !== undefined;
    const error = this.#backend.error(isOwn(code) ? code : 'unknown', { reason, final });
    this.#known.set(code, error);
    return error;
  }
}

/** The catalogue's words for a code. What a server or a browser says could hold anything, and is not reported. */
export function publicWords(code: string): string {
  return isOwn(code) ? CLIENT_ERRORS[code].message : code;
}

function isOwn(code: string): code is ClientErrorCode {
  return code in CLIENT_ERRORS;
}
