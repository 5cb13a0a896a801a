// @vitest-environment jsdom
import { act, cleanup, renderHook } from '@testing-library/react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { useVoiceConnection } from '../src/index.ts';
import { BACKEND, World } from './world.ts';

let world: World;

beforeEach(() => {
  world = new World();
});

afterEach(cleanup);

test('the hook holds a conversation on this platform, and ends it with its component', async () => {
  const inCallManager = { start: vi.fn(), stop: vi.fn() };
  const { result, rerender, unmount } = renderHook(() =>
    useVoiceConnection({ backendUrl: BACKEND, inCallManager }),
  );
  expect(result.current.status).toBe('disconnected');
  await act(() => result.current.connect());
  expect(result.current.status).toBe('connected');
  expect(world.of('/api/client-secret')[0]?.headers.get('X-Limi-Client')).toBe('react-native/1.0.0');
  rerender();
  expect(result.current.status).toBe('connected');
  unmount();
  await vi.waitFor(() => {
    expect(inCallManager.stop).toHaveBeenCalledOnce();
  });
  world.expectNothingHeld();
});
