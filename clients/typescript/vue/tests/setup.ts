import { enableAutoUnmount } from '@vue/test-utils';
import { afterEach, beforeEach, expect, vi } from 'vitest';

/** Vue says what is wrong on the console; nothing may be wrong. */
beforeEach(() => {
  vi.spyOn(console, 'error');
  vi.spyOn(console, 'warn');
});

enableAutoUnmount(afterEach);

afterEach(() => {
  expect(console.error).not.toHaveBeenCalled();
  expect(console.warn).not.toHaveBeenCalled();
});
