import { MicrophoneProblem } from '@limi-ai/client';
import { FakePlatform } from '@limi-ai/client/testing';
import { act, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { VoiceConnectionUI } from '../src/ui/voice-connection-ui.tsx';

const BACKEND = 'http://limi.test/api';
const IDLE = { timers: 0, microphones: 0, sessions: 0, listeners: 0, requests: 0 };
let world: FakePlatform;

beforeEach(() => {
  world = new FakePlatform();
});

const badge = () => screen.getByRole('status');
const mints = () => world.requests.filter((request) => request.path === '/client-secret');

async function pass(ms: number): Promise<void> {
  await act(() => world.pass(ms));
}

describe('the component on the real core', () => {
  test('connects, tells, and shows both sides', async () => {
    const told = vi.fn();
    render(<VoiceConnectionUI backendUrl={BACKEND} platform={world} onConnectionChange={told} />);
    await userEvent.click(screen.getByRole('button', { name: 'Connect Voice' }));
    await pass(0);
    expect(badge()).toHaveTextContent('Connected');
    expect(told).toHaveBeenCalledExactlyOnceWith(true);
    expect(mints()[0]?.headers).toMatchObject({ 'X-Limi-Client': 'react/1.0.0' });
    act(() => {
      world.session.tell({
        type: 'response.output_audio_transcript.delta',
        item_id: 'item_1',
        delta: 'Good day',
      });
    });
    expect(screen.getByRole('region', { name: 'Transcript' })).toHaveTextContent('Good day');
  });

  test('in strict mode mints one key and opens one microphone', async () => {
    render(<VoiceConnectionUI backendUrl={BACKEND} platform={world} autoConnect />, {
      reactStrictMode: true,
    });
    await pass(0);
    expect(badge()).toHaveTextContent('Connected');
    expect([mints().length, world.microphones.length, world.sessions.length]).toEqual([1, 1, 1]);
  });

  test('shows how a lost connection is got back', async () => {
    render(<VoiceConnectionUI backendUrl={BACKEND} platform={world} autoConnect />);
    await pass(0);
    act(() => {
      world.session.breakDown();
    });
    expect(badge()).toHaveTextContent('Connecting…');
    expect(screen.getByText('The connection was lost. Reconnecting, attempt 1.')).toBeVisible();
    await pass(5_000);
    expect(badge()).toHaveTextContent('Connected');
    expect(mints()).toHaveLength(2);
  });

  test('explains a microphone that may not be used', async () => {
    world.microphoneProblem = new MicrophoneProblem('microphone_denied');
    render(<VoiceConnectionUI backendUrl={BACKEND} platform={world} />);
    await userEvent.click(screen.getByRole('button', { name: 'Connect Voice' }));
    await pass(0);
    expect(badge()).toHaveTextContent('Failed');
    expect(screen.getByRole('alert')).toHaveTextContent('microphone_denied');
    expect(screen.getByRole('link', { name: 'How to fix this' })).toHaveAttribute(
      'href',
      'http://limi.test/errors/microphone_denied',
    );
    expect(screen.getByRole('button', { name: 'Connect Voice' })).toBeEnabled();
  });

  test('can be called off while it connects', async () => {
    world.microphoneUndecided = true;
    render(<VoiceConnectionUI backendUrl={BACKEND} platform={world} />);
    await userEvent.click(screen.getByRole('button', { name: 'Connect Voice' }));
    await userEvent.click(screen.getByRole('button', { name: 'Cancel' }));
    await pass(0);
    expect(badge()).toHaveTextContent('Disconnected');
    expect(screen.queryByRole('alert')).toBeNull();
  });

  test.each([
    ['in a conversation', () => pass(0)],
    ['while it connects', () => Promise.resolve()],
  ])('leaves nothing behind when it is taken away %s', async (_, before) => {
    const { unmount } = render(<VoiceConnectionUI backendUrl={BACKEND} platform={world} autoConnect />, {
      reactStrictMode: true,
    });
    await before();
    unmount();
    await world.pass(60_000);
    expect(world.held).toEqual(IDLE);
  });

  test('tells the end when it is taken away in a conversation', async () => {
    const told = vi.fn();
    const { unmount } = render(
      <VoiceConnectionUI backendUrl={BACKEND} platform={world} autoConnect onConnectionChange={told} />,
    );
    await pass(0);
    unmount();
    expect(told.mock.calls).toEqual([[true], [false]]);
  });
});
