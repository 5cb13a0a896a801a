import { render, screen } from '@testing-library/react';
import { renderToString } from 'react-dom/server';
import { expect, test, vi } from 'vitest';
import { useVoice, VoiceProvider } from '../src/voice-provider.tsx';
import { VoiceConnectionUI } from '../src/ui/voice-connection-ui.tsx';
import { VoiceContext } from '../src/voice-context.ts';
import { voice } from './voices.ts';

test('shows the conversation of the provider around it', () => {
  render(
    <VoiceContext.Provider value={voice({ status: 'connected' })}>
      <VoiceConnectionUI />
    </VoiceContext.Provider>,
  );
  expect(screen.getByRole('status')).toHaveTextContent('Connected');
});

test('has a conversation of its own where it is given a backend', () => {
  const page = renderToString(
    <VoiceContext.Provider value={voice({ status: 'connected' })}>
      <VoiceConnectionUI backendUrl="http://localhost:3001/api" />
    </VoiceContext.Provider>,
  );
  expect(page).toContain('Disconnected');
});

test('renders on a server without anything around it', () => {
  expect(renderToString(<VoiceConnectionUI />)).toContain('Connect Voice');
});

test('tells when a conversation begins and ends', () => {
  const told = vi.fn();
  const at = (status: 'disconnected' | 'connecting' | 'connected') => (
    <VoiceContext.Provider value={voice({ status })}>
      <VoiceConnectionUI onConnectionChange={told} />
    </VoiceContext.Provider>
  );
  const { rerender, unmount } = render(at('disconnected'), { reactStrictMode: true });
  rerender(at('connecting'));
  expect(told).not.toHaveBeenCalled();
  rerender(at('connected'));
  rerender(at('connected'));
  expect(told.mock.calls).toEqual([[true]]);
  rerender(at('disconnected'));
  expect(told.mock.calls).toEqual([[true], [false]]);
  rerender(at('connected'));
  unmount();
  expect(told.mock.calls).toEqual([[true], [false], [true], [false]]);
});

test('wears the theme and the class it is given', () => {
  const { container, rerender } = render(
    <VoiceContext.Provider value={voice()}>
      <VoiceConnectionUI />
    </VoiceContext.Provider>,
  );
  expect(container.firstElementChild).toHaveAttribute('data-theme', 'system');
  rerender(
    <VoiceContext.Provider value={voice()}>
      <VoiceConnectionUI theme="dark" className="sidebar" />
    </VoiceContext.Provider>,
  );
  expect(container.firstElementChild).toHaveAttribute('data-theme', 'dark');
  expect(container.firstElementChild).toHaveClass('limi-voice', 'sidebar');
});

test('a provider hands its conversation on', () => {
  function Status() {
    return <p>{useVoice().status}</p>;
  }
  const page = renderToString(
    <VoiceProvider backendUrl="/api">
      <Status />
    </VoiceProvider>,
  );
  expect(page).toBe('<p>disconnected</p>');
});

test('a component outside a provider is told what it lacks', () => {
  function Status() {
    return <p>{useVoice().status}</p>;
  }
  expect(() => renderToString(<Status />)).toThrow('put a <VoiceProvider backendUrl="…"> around');
});
