/** Records by their members. */

import { expect, test } from 'vitest';
import { present, same } from '../../src/members.ts';

test('an undefined member is left out, and no other', () => {
  expect(Object.keys(present({ a: undefined, b: null, c: 0, d: '', e: false }))).toEqual([
    'b',
    'c',
    'd',
    'e',
  ]);
});

test.each([
  [{ a: 1 }, { a: 1 }, true],
  [{ a: 1 }, { a: 2 }, false],
  [{ a: 1 }, { a: 1, b: 2 }, false],
  [{ a: 1, b: 2 }, { a: 1 }, false],
  [{ a: {} }, { a: {} }, false],
  [['a'], ['a'], true],
  [['a'], ['a', 'b'], false],
])('%j and %j are compared by what stands in them', (one: object, other: object, expected) => {
  expect(same(one, other)).toBe(expected);
});
