/**
 * What an `error` event of the Realtime API means for the conversation. Most mean nothing: the session goes on.
 *
 * @module
 */

import type { ServerEvent } from './platform.ts';

/** What an error event announces. */
export type Verdict =
  /** The call is over for good. */
  | { readonly type: 'ended'; readonly reason: string }
  /** The session will close; another one with a fresh key is welcome. */
  | { readonly type: 'closing'; readonly code: 'token_expired' | 'network_error' }
  | null;

/** A budget, a longest duration or an operator ended the call; or what was asked for does not exist. */
const ENDINGS: readonly unknown[] = [
  'session_ended',
  'call_ended',
  'budget_exceeded',
  'insufficient_quota',
  'invalid_model',
  'missing_model',
  'model_not_found',
];

export function verdictOf(event: ServerEvent): Verdict {
  if (event.type !== 'error') return null;
  const { code, message } = (event['error'] ?? {}) as { code?: unknown; message?: unknown };
  if (ENDINGS.includes(code)) {
    return { type: 'ended', reason: typeof message === 'string' ? message : String(code) };
  }
  if (code === 'invalid_api_key') return { type: 'closing', code: 'token_expired' };
  if (code === 'session_expired') return { type: 'closing', code: 'network_error' };
  return null;
}
