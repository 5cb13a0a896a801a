import { LimiError } from '@limi-ai/client';
import { act, render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import axe from 'axe-core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { VoiceCard } from '../src/ui/voice-card.tsx';
import type { VoiceConnectionResult } from '../src/use-voice-connection.ts';
import { DENIED, voice } from './voices.ts';

const icon = (container: HTMLElement, name: string) => container.querySelector(`svg.lucide-${name}`);
const button = (name: string) => screen.getByRole('button', { name });
const line = (id: string, role: 'user' | 'assistant', text: string, final = true) => ({
  id,
  role,
  text,
  final,
});

interface Look {
  voice: Partial<VoiceConnectionResult>;
  badge: string;
  button: string;
  icon: string;
  help: string;
}

const LOOKS: Record<string, Look> = {
  disconnected: {
    voice: { status: 'disconnected' },
    badge: 'Disconnected',
    button: 'Connect Voice',
    icon: 'mic',
    help: 'Click Connect Voice, allow the microphone, and start talking.',
  },
  connecting: {
    voice: { status: 'connecting' },
    badge: 'Connecting…',
    button: 'Connecting…',
    icon: 'loader-circle',
    help: 'Getting ready. Your browser may ask whether the microphone may be used.',
  },
  reconnecting: {
    voice: { status: 'connecting', attempt: 2 },
    badge: 'Connecting…',
    button: 'Connecting…',
    icon: 'loader-circle',
    help: 'The connection was lost. Reconnecting, attempt 2.',
  },
  connected: {
    voice: { status: 'connected' },
    badge: 'Connected',
    button: 'Disconnect',
    icon: 'mic-off',
    help: 'Just speak: the assistant hears you and answers. You may interrupt it at any time.',
  },
  muted: {
    voice: { status: 'connected', muted: true },
    badge: 'Connected',
    button: 'Disconnect',
    icon: 'mic-off',
    help: 'You are muted: the assistant does not hear you.',
  },
  failed: {
    voice: { status: 'failed', error: DENIED },
    badge: 'Failed',
    button: 'Connect Voice',
    icon: 'mic',
    help: 'The conversation could not be held. See below what to do, then connect again.',
  },
};

describe.each(Object.entries(LOOKS))('%s', (_, look) => {
  test('shows its label, badge, button, icon and help', () => {
    render(<VoiceCard voice={voice(look.voice)} />);
    expect(screen.getByText('Voice Assistant:')).toBeVisible();
    expect(screen.getByRole('status')).toHaveTextContent(look.badge);
    expect(icon(button(look.button), look.icon)).not.toBeNull();
    expect(screen.getByText(look.help)).toBeVisible();
  });

  test('has nothing that hinders a keyboard or a screen reader', async () => {
    const { container } = render(
      <VoiceCard voice={voice({ ...look.voice, transcript: [line('1', 'user', 'Hello')] })} />,
    );
    // jsdom draws nothing, so colours are looked at in Chromium.
    const found = await axe.run(container, { rules: { 'color-contrast': { enabled: false } } });
    expect(found.violations).toEqual([]);
  });
});

describe('the button', () => {
  test('connects, and disconnects', async () => {
    const [connect, disconnect] = [vi.fn(() => Promise.resolve()), vi.fn(() => Promise.resolve())];
    const { rerender } = render(<VoiceCard voice={voice({ connect, disconnect })} />);
    await userEvent.click(button('Connect Voice'));
    expect(connect).toHaveBeenCalledOnce();
    rerender(<VoiceCard voice={voice({ status: 'connected', connect, disconnect })} />);
    await userEvent.click(button('Disconnect'));
    expect(disconnect).toHaveBeenCalledOnce();
  });

  test('keeps the focus while it connects, does nothing then, and can be called off', async () => {
    const [connect, disconnect] = [vi.fn(() => Promise.resolve()), vi.fn(() => Promise.resolve())];
    const { rerender } = render(<VoiceCard voice={voice({ connect, disconnect })} />);
    button('Connect Voice').focus();
    rerender(<VoiceCard voice={voice({ status: 'connecting', connect, disconnect })} />);
    expect(button('Connecting…')).toHaveFocus();
    expect(button('Connecting…')).toHaveAttribute('aria-disabled', 'true');
    await userEvent.click(button('Connecting…'));
    expect(connect).not.toHaveBeenCalled();
    await userEvent.click(button('Cancel'));
    expect(disconnect).toHaveBeenCalledOnce();
  });
});

test('the error says what happened, what to do and where it is explained', () => {
  const { container } = render(<VoiceCard voice={voice({ status: 'failed', error: DENIED })} />);
  const alert = within(screen.getByRole('alert'));
  expect(alert.getByText('The microphone may not be used')).toBeVisible();
  expect(alert.getByText('Allow the microphone for this page, then connect again.')).toBeVisible();
  expect(alert.getByText('microphone_denied')).toBeVisible();
  expect(icon(container, 'circle-alert')).not.toBeNull();
  const link = alert.getByRole('link', { name: 'How to fix this' });
  expect(link).toHaveAttribute('href', DENIED.reference);
  expect(link).toHaveAttribute('rel', 'noreferrer');
});

test('a call that the server ended shows the reason in the server’s words', () => {
  const error = new LimiError({
    code: 'session_ended',
    message: 'The server ended the call',
    reason: 'The budget of this call is used up',
  });
  render(<VoiceCard voice={voice({ status: 'failed', error })} />);
  expect(screen.getByText('The budget of this call is used up.')).toBeVisible();
});

test.each(['', 'javascript:alert(1)', '/errors/unknown'])(
  'an error that links to "%s" has no link',
  (reference) => {
    const error = new LimiError({ code: 'unknown', message: 'Something went wrong', reference });
    render(<VoiceCard voice={voice({ status: 'failed', error })} />);
    expect(screen.getByRole('alert')).toHaveTextContent('Something went wrong');
    expect(screen.queryByRole('link')).toBeNull();
  },
);

test('the microphone is muted and opened by one button, which says how it is', async () => {
  const mute = vi.fn();
  const { rerender } = render(<VoiceCard voice={voice({ status: 'connected', mute })} />);
  expect(button('Mute')).toHaveAttribute('aria-pressed', 'false');
  await userEvent.click(button('Mute'));
  expect(mute).toHaveBeenCalledExactlyOnceWith(true);
  rerender(<VoiceCard voice={voice({ status: 'connected', mute, muted: true })} />);
  expect(button('Mute')).toHaveAttribute('aria-pressed', 'true');
  await userEvent.click(button('Mute'));
  expect(mute).toHaveBeenLastCalledWith(false);
});

describe('the transcript', () => {
  test('is not there before anybody spoke', () => {
    render(<VoiceCard voice={voice({ status: 'connected' })} />);
    expect(screen.queryByRole('region', { name: 'Transcript' })).toBeNull();
  });

  test('shows both sides as they speak', () => {
    const transcript = [line('1', 'user', 'Hello'), line('2', 'assistant', 'Good', false)];
    const { rerender } = render(<VoiceCard voice={voice({ status: 'connected', transcript })} />);
    const region = within(screen.getByRole('region', { name: 'Transcript' }));
    expect(region.getAllByRole('listitem').map((item) => item.textContent)).toEqual([
      'YouHello',
      'AssistantGood',
    ]);
    rerender(
      <VoiceCard
        voice={voice({ status: 'connected', transcript: [line('2', 'assistant', 'Good morning', false)] })}
      />,
    );
    expect(region.getByText('Good morning')).toBeVisible();
  });

  test('is read aloud in whole sentences only', () => {
    const transcript = [line('1', 'user', 'Hello'), line('2', 'assistant', 'Good', false)];
    render(<VoiceCard voice={voice({ status: 'connected', transcript })} />);
    const log = screen.getByRole('log');
    expect(log).toHaveAttribute('aria-live', 'polite');
    expect(log).toHaveTextContent(/^You: Hello$/);
  });

  test('stays when the conversation is over', () => {
    render(<VoiceCard voice={voice({ transcript: [line('1', 'user', 'Hello')] })} />);
    expect(screen.getByRole('region', { name: 'Transcript' })).toHaveTextContent('Hello');
  });

  test('shows text as text', () => {
    const { container } = render(
      <VoiceCard voice={voice({ transcript: [line('1', 'user', '<img src=x onerror=alert(1)>')] })} />,
    );
    expect(container.querySelector('img')).toBeNull();
  });
});

describe('the level meters', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());
  const meter = (name: string) => screen.getByRole('meter', { name: `${name}: level` });
  const newest = (name: string) => meter(name).lastElementChild?.getAttribute('style');

  test('move with both sides, and rest when it is over', () => {
    const levels = () => ({ input: 0.5, output: 0.75 });
    const { rerender } = render(<VoiceCard voice={voice({ status: 'connected', levels })} />);
    act(() => {
      vi.advanceTimersByTime(100);
    });
    expect(meter('You')).toHaveAttribute('aria-valuenow', '50');
    expect(meter('Assistant')).toHaveAttribute('aria-valuenow', '75');
    expect(newest('You')).toContain('scaleY(0.5');
    rerender(<VoiceCard voice={voice({ levels })} />);
    expect(meter('You')).toHaveAttribute('aria-valuenow', '0');
    expect(newest('You')).toContain('scaleY(0.08');
    expect(vi.getTimerCount()).toBe(0);
  });

  test('show nothing of a muted microphone', () => {
    const levels = () => ({ input: 0.5, output: 0 });
    render(<VoiceCard voice={voice({ status: 'connected', muted: true, levels })} />);
    act(() => {
      vi.advanceTimersByTime(100);
    });
    expect(meter('You')).toHaveAttribute('aria-valuenow', '0');
  });

  test('stay within their bounds whatever they are told', () => {
    const levels = () => ({ input: 7, output: Number.NaN });
    render(<VoiceCard voice={voice({ status: 'connected', levels })} />);
    act(() => {
      vi.advanceTimersByTime(100);
    });
    expect(meter('You')).toHaveAttribute('aria-valuenow', '100');
    expect(meter('Assistant')).toHaveAttribute('aria-valuenow', '0');
  });
});
