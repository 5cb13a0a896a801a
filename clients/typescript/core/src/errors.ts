/**
 * The one error class of this package. Its `code` says which error it is; see the backend's page at `reference`.
 *
 * @module
 */

import type { ErrorCode } from './errors.generated.ts';
import { present } from './members.ts';

/** What an error is made from. */
export interface LimiErrorFacts {
  readonly code: ErrorCode | (string & {});
  readonly message: string;
  readonly hint?: string | undefined;
  readonly reference?: string | undefined;
  readonly status?: number | undefined;
  readonly requestId?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly final?: boolean | undefined;
  readonly reason?: string | undefined;
  readonly cause?: unknown;
}

/**
 * Something went wrong: `message` says what, `hint` what to do, `reference` where to read more.
 *
 * @example
 * ```ts
 * try {
 *   await client.generateEphemeralKey();
 * } catch (error) {
 *   if (error instanceof LimiError && error.code === 'rate_limit_exceeded') wait(error.retryAfterMs);
 * }
 * ```
 */
export class LimiError extends Error {
  override readonly name = 'LimiError';
  declare readonly code: ErrorCode | (string & {});
  /** What to do next, in a sentence. */
  declare readonly hint: string;
  /** The page of this code, at the backend. */
  declare readonly reference: string;
  /** The HTTP status, where a backend's answer is the cause. */
  declare readonly status?: number;
  /** Finds the line in the backend's log. */
  declare readonly requestId?: string;
  /** How long to wait before a repeat can help. */
  declare readonly retryAfterMs?: number;
  /** True when a repeat cannot help: the server ended the call, a permission is missing. */
  declare readonly final: boolean;
  /** Why the server ended the call, in its words. */
  declare readonly reason?: string;

  constructor({ message, cause, ...facts }: LimiErrorFacts) {
    super(message, present({ cause }));
    Object.assign(this, { hint: '', reference: '', final: false }, present(facts));
  }
}
