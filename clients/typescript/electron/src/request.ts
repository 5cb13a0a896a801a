/**
 * Reads what a page asks for. A page is not trusted with more than its types say, for nothing holds it to them.
 *
 * @module
 */
import type { VoiceConnectRequest } from './bridge.ts';

/** Why a request was refused: names the member and the rule. */
export class InvalidRequest extends Error {
  override readonly name = 'InvalidRequest';
}

type Check = (value: unknown) => boolean;

/** As the backend wants them; it says no as well, but a page's request is not to get so far. */
const NAME = /^[A-Za-z0-9_-]{1,100}$/;
/** A model's name may have dots, and a date or a fine-tune behind colons. */
const MODEL = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$/;
const CAPABILITIES: readonly unknown[] = ['audio_input', 'audio_output', 'text_input', 'text_output'];
/** More than any profile declares. */
const MOST_VARIABLES = 100;
/** As much as fits well into instructions. */
const LONGEST_VALUE = 10_000;

const RULES: Readonly<Record<keyof VoiceConnectRequest, { readonly rule: string; readonly check: Check }>> = {
  model: { rule: 'is a model’s name', check: matches(MODEL) },
  sessionId: { rule: 'is 1 to 100 of A-Z a-z 0-9 _ -', check: matches(NAME) },
  profile: { rule: 'is 1 to 100 of A-Z a-z 0-9 _ -', check: matches(NAME) },
  capabilities: { rule: `is a list of ${CAPABILITIES.join(', ')}`, check: isCapabilities },
  variables: {
    rule: `has up to ${MOST_VARIABLES} texts of up to ${LONGEST_VALUE} characters`,
    check: isTexts,
  },
};

/**
 * Read the arguments of `voice-connect`.
 *
 * @throws InvalidRequest that names the member and the rule.
 */
export function readConnectRequest(given: readonly unknown[]): VoiceConnectRequest {
  const [request = {}] = given;
  if (given.length > 1 || !isObject(request)) throw new InvalidRequest('voice-connect takes one object');
  for (const [name, value] of Object.entries(request)) {
    if (!Object.hasOwn(RULES, name))
      throw new InvalidRequest(`voice-connect knows no member ${quoted(name)}`);
    const { rule, check } = RULES[name as keyof typeof RULES];
    if (value !== undefined && !check(value)) throw new InvalidRequest(`${name} ${rule}`);
  }
  return Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined));
}

/**
 * Read the arguments of `voice-health`: there are none.
 *
 * @throws InvalidRequest if there are.
 */
export function readHealthRequest(given: readonly unknown[]): void {
  if (given.length > 0) throw new InvalidRequest('voice-health takes nothing');
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function matches(pattern: RegExp): Check {
  return (value) => typeof value === 'string' && pattern.test(value);
}

function isCapabilities(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.length <= CAPABILITIES.length &&
    value.every((name) => CAPABILITIES.includes(name))
  );
}

function isTexts(value: unknown): boolean {
  if (!isObject(value)) return false;
  const entries = Object.entries(value);
  return (
    entries.length <= MOST_VARIABLES &&
    entries.every(
      ([name, text]) => NAME.test(name) && typeof text === 'string' && text.length <= LONGEST_VALUE,
    )
  );
}

/** What a page sent goes into a message only in part: it could be of any length. */
function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 40));
}
