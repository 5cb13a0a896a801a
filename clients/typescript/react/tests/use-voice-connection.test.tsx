import { LimiError } from '@limi-ai/client';
import { act, renderHook } from '@testing-library/react';
import { StrictMode, type ReactElement } from 'react';
import { renderToString } from 'react-dom/server';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import {
  useConnection,
  useVoiceConnection,
  type UseVoiceConnectionOptions,
} from '../src/use-voice-connection.ts';
import { FakeFactory } from './fake-connection.ts';

const BACKEND = 'http://localhost:3001/api';
const FUNCTION: unknown = expect.any(Function);
let factory: FakeFactory;

beforeEach(() => {
  factory = new FakeFactory();
});

function render(options: Partial<UseVoiceConnectionOptions> = {}, { strict = false } = {}) {
  return renderHook(
    (given: Partial<UseVoiceConnectionOptions>) =>
      useConnection({ backendUrl: BACKEND, ...given }, factory.make),
    { initialProps: options, reactStrictMode: strict },
  );
}

describe('what it returns', () => {
  test('is disconnected at first, and nothing is connected', () => {
    const { result } = render();
    expect(result.current).toEqual({
      status: 'disconnected',
      error: null,
      session: null,
      connect: FUNCTION,
      disconnect: FUNCTION,
      isConnected: false,
      isConnecting: false,
      transcript: [],
      muted: false,
      mute: FUNCTION,
      levels: FUNCTION,
      attempt: 0,
      sendText: FUNCTION,
      interrupt: FUNCTION,
    });
    expect(factory.only.connects).toBe(0);
  });

  test('follows the connection through its states', async () => {
    const { result } = render();
    await act(() => result.current.connect());
    expect(result.current).toMatchObject({ status: 'connecting', isConnecting: true, isConnected: false });
    act(() => {
      factory.only.enter({ status: 'connected' });
    });
    expect(result.current).toMatchObject({ status: 'connected', isConnecting: false, isConnected: true });
    act(() => {
      factory.only.enter({ status: 'connecting', attempt: 2 });
    });
    expect(result.current).toMatchObject({ isConnecting: true, attempt: 2 });
    await act(() => result.current.disconnect());
    expect(result.current).toMatchObject({ status: 'disconnected', attempt: 0 });
  });

  test('has the official session while there is one', () => {
    const { result } = render();
    const session = Object.create(null) as NonNullable<typeof factory.only.session>;
    act(() => {
      factory.only.session = session;
      factory.only.enter({ status: 'connected' });
    });
    expect(result.current.session).toBe(session);
  });

  test('has the error of a connection that failed, and connect does not reject', async () => {
    const { result } = render();
    const error = new LimiError({ code: 'microphone_denied', message: 'The microphone may not be used' });
    factory.only.fails = error;
    await act(() => result.current.connect());
    expect(result.current).toMatchObject({ status: 'failed', error });
  });

  test('has what both sides say, mutes, and passes text and interruptions on', () => {
    const { result } = render();
    const transcript = [{ id: '1', role: 'user' as const, text: 'Hello', final: false }];
    act(() => {
      factory.only.show({ transcript });
    });
    expect(result.current.transcript).toBe(transcript);
    act(() => {
      result.current.mute(true);
    });
    expect(result.current.muted).toBe(true);
    factory.only.input = 0.5;
    expect(result.current.levels()).toEqual({ input: 0.5, output: 0 });
    result.current.sendText('Good day');
    result.current.interrupt();
    expect(factory.only.said).toEqual(['Good day', '(interrupt)']);
  });

  test('is the same object as long as nothing changes', () => {
    const { result, rerender } = render();
    const before = result.current;
    rerender({});
    expect(result.current).toBe(before);
  });
});

describe('a component that comes and goes', () => {
  test('connects by itself where it shall', () => {
    render({ autoConnect: true });
    expect(factory.only.connects).toBe(1);
  });

  test('disconnects when it goes, and no listener is left', async () => {
    const { result, unmount } = render();
    await act(() => result.current.connect());
    unmount();
    await Promise.resolve();
    expect(factory.only.disconnects).toBe(1);
    expect(factory.only.listeners.size).toBe(0);
  });

  test('makes one session in strict mode, which mounts twice', async () => {
    const { result, unmount } = render({ autoConnect: true }, { strict: true });
    await act(() => Promise.resolve());
    expect(factory.only.disconnects).toBe(0);
    expect(result.current.status).toBe('connecting');
    unmount();
    await Promise.resolve();
    expect(factory.only.disconnects).toBe(1);
  });

  test('renders on a server, where nothing is made', () => {
    function Status(): ReactElement {
      return <p>{useConnection({ backendUrl: BACKEND, autoConnect: true }, factory.make).status}</p>;
    }
    const page = renderToString(
      <StrictMode>
        <Status />
      </StrictMode>,
    );
    expect(page).toBe('<p>disconnected</p>');
    expect(factory.made).toEqual([]);
  });
});

describe('options that change', () => {
  test('end the conversation and begin another where it is another one', async () => {
    const { result, rerender } = render({ model: 'gpt-realtime-2.1' });
    await act(() => result.current.connect());
    rerender({ model: 'gpt-realtime-mini' });
    await act(() => Promise.resolve());
    expect(factory.made.map((made) => made.options.model)).toEqual(['gpt-realtime-2.1', 'gpt-realtime-mini']);
    expect(factory.made[0]).toMatchObject({ disconnects: 1 });
    expect(factory.made[0]?.listeners.size).toBe(0);
    expect(result.current.status).toBe('disconnected');
  });

  test('connect again by themselves where that is wanted', async () => {
    const { rerender } = render({ autoConnect: true, profile: 'tutor' });
    rerender({ autoConnect: true, profile: 'guide' });
    await act(() => Promise.resolve());
    expect(factory.made.map((made) => made.connects)).toEqual([1, 1]);
    expect(factory.made.map((made) => made.disconnects)).toEqual([1, 0]);
  });

  test('leave it alone where they are only written anew', async () => {
    const { result, rerender } = render({ variables: { name: 'Ada' } });
    await act(() => result.current.connect());
    rerender({ variables: { name: 'Ada' }, onEvent: () => undefined });
    expect(factory.only.disconnects).toBe(0);
  });

  test('the callbacks of the latest render are called', () => {
    const [first, second] = [vi.fn(), vi.fn()];
    const { rerender } = render({ onStateChange: first });
    rerender({ onStateChange: second });
    act(() => {
      factory.only.enter({ status: 'connected' });
    });
    expect(first).not.toHaveBeenCalled();
    expect(second).toHaveBeenCalledExactlyOnceWith({ status: 'connected' });
  });

  test('the latest way to authorize is asked', async () => {
    const { rerender } = render({ getAuthorization: () => 'Bearer old' });
    rerender({ getAuthorization: () => 'Bearer new' });
    expect(await factory.only.options.getAuthorization?.()).toBe('Bearer new');
    expect(new FakeFactory().make({ backendUrl: BACKEND }).options.getAuthorization).toBeUndefined();
  });

  test('what is undefined was not given', () => {
    render({ model: undefined, apiKey: undefined });
    expect(Object.keys(factory.only.options)).not.toContain('model');
    expect(factory.only.options).toMatchObject({ backendUrl: BACKEND, clientName: 'react/1.0.0' });
    expect(Object.keys(factory.only.options)).not.toContain('getAuthorization');
  });
});

test('the real hook renders on a server', () => {
  function Status(): ReactElement {
    return <p>{useVoiceConnection({ backendUrl: BACKEND }).status}</p>;
  }
  expect(renderToString(<Status />)).toBe('<p>disconnected</p>');
});
