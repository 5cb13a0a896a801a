import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import axe from 'axe-core';
import { describe, expect, test, vi } from 'vitest';
import { App } from '../../src/app/app.tsx';
import type { Service } from '../../src/features/service/service.ts';

const SANDBOX: Service = {
  version: '9.9.9',
  environment: 'development',
  upstream: 'sandbox',
  authentication: 'optional',
};

/** Opens the page at a server that answers `GET /api` so. */
function open(answer: () => Response | Promise<Response>) {
  const asked = vi.fn<(url: string) => Promise<Response>>(() => Promise.resolve(answer()));
  vi.stubGlobal('fetch', asked);
  return { asked, ...render(<App />, { reactStrictMode: true }) };
}

const at = (service: Partial<Service>) => open(() => Response.json({ ...SANDBOX, ...service }));

describe('whom one talks to', () => {
  test('is the sandbox, and the page says so before anybody speaks', async () => {
    const { asked } = at({});
    expect(await screen.findByText('This is the sandbox, not OpenAI.')).toBeVisible();
    expect(screen.getByRole('complementary')).toHaveTextContent('nothing you say leaves the machine');
    expect(asked.mock.calls[0]?.[0]).toBe('http://localhost:3000/api');
  });

  test('is OpenAI, and whose key pays', async () => {
    at({ upstream: 'openai' });
    expect(await screen.findByText('You talk to OpenAI.')).toBeVisible();
    expect(screen.queryByText(/sandbox/)).toBeNull();
  });

  test('is another server by its name', async () => {
    at({ upstream: 'models.example' });
    expect(await screen.findByText('You talk to models.example.')).toBeVisible();
  });

  test.each([
    ['refuses', () => new Response('', { status: 400 })],
    ['answers with something else', () => Response.json({ hello: 'world' })],
    ['answers no JSON', () => new Response('<html>')],
    ['is gone', () => Promise.reject(new TypeError('Failed to fetch'))],
  ])('is nobody where the backend %s', async (_, answer) => {
    open(answer);
    expect(await screen.findByText('The backend does not answer.')).toBeVisible();
  });
});

test('a backend that stops is noticed when a conversation fails, and found again by the next', async () => {
  let answer = (): Response | Promise<Response> => Response.json(SANDBOX);
  open(() => answer());
  await screen.findByText('This is the sandbox, not OpenAI.');
  answer = () => Promise.reject(new TypeError('Failed to fetch'));
  await userEvent.click(screen.getByRole('button', { name: 'Connect Voice' }));
  expect(await screen.findByText('The backend does not answer.')).toBeVisible();
  answer = () => Response.json(SANDBOX);
  await userEvent.click(await screen.findByRole('button', { name: 'Connect Voice' }));
  expect(await screen.findByText('This is the sandbox, not OpenAI.')).toBeVisible();
});

test('a backend that is back, or gone, is found when somebody comes back to the page', async () => {
  let answer = (): Response | Promise<Response> => Promise.reject(new TypeError('Failed to fetch'));
  open(() => answer());
  await screen.findByText('The backend does not answer.');
  answer = () => Response.json(SANDBOX);
  window.dispatchEvent(new Event('focus'));
  expect(await screen.findByText('This is the sandbox, not OpenAI.')).toBeVisible();
  answer = () => Promise.reject(new TypeError('Failed to fetch'));
  window.dispatchEvent(new Event('focus'));
  expect(await screen.findByText('The backend does not answer.')).toBeVisible();
});

test('where browsers have no microphone, the page says so and why', async () => {
  const { unmount } = at({});
  await screen.findByText(/This is the sandbox/);
  expect(screen.queryByText(/no microphone/)).toBeNull();
  unmount();
  vi.stubGlobal('isSecureContext', false);
  at({});
  expect(screen.getByRole('complementary', { name: 'Microphone' })).toHaveTextContent(/https.+localhost/);
  await screen.findByText(/This is the sandbox/);
});

test('environment and version are shown', async () => {
  at({ environment: 'staging' });
  expect(await screen.findByRole('list', { name: 'Server' })).toHaveTextContent('sandboxstagingv9.9.9');
});

test('the server’s other pages are linked', () => {
  at({});
  const links = screen.getAllByRole('link').map((link) => link.getAttribute('href'));
  for (const path of ['docs', 'openapi.json', 'errors', 'api/client-secret/health', 'metrics']) {
    expect(links).toContain(`http://localhost:3000/${path}`);
  }
});

test('a key is asked for only where the server asks for one', async () => {
  const { unmount } = at({});
  await screen.findByText(/This is the sandbox/);
  expect(screen.queryByLabelText(/Limi key/)).toBeNull();
  unmount();
  at({ authentication: 'required' });
  const field = await screen.findByLabelText('This server asks for a Limi key:');
  expect(field).toHaveAttribute('type', 'password');
  expect(field).toBeValid();
  expect(field).toHaveAccessibleDescription(/limi key create NAME/);
});

test('nothing hinders a keyboard or a screen reader', async () => {
  const { container } = at({ authentication: 'required' });
  await screen.findByLabelText(/Limi key/);
  const found = await axe.run(container, { rules: { 'color-contrast': { enabled: false } } });
  expect(found.violations).toEqual([]);
});

describe('the first steps', () => {
  const code = (name: string) => screen.getByRole('region', { name: `${name} code` });

  test('name the backend that served the page', async () => {
    at({});
    for (const name of ['React', 'JavaScript', 'Python', 'curl']) {
      await userEvent.click(screen.getByRole('tab', { name }));
      expect(code(name)).toHaveTextContent('http://localhost:3000/api');
    }
  });

  test('do not pretend that a registry has the packages', async () => {
    at({});
    expect(screen.getByText(/make packages/)).toBeVisible();
    await userEvent.click(screen.getByRole('tab', { name: 'curl' }));
    expect(screen.queryByText(/make packages/)).toBeNull();
  });

  test('are walked through with the arrow keys', async () => {
    at({});
    screen.getByRole('tab', { name: 'React' }).focus();
    await userEvent.keyboard('{ArrowRight}{ArrowRight}');
    expect(screen.getByRole('tab', { name: 'Python' })).toHaveFocus();
    expect(screen.getByRole('tab', { name: 'Python' })).toHaveAttribute('aria-selected', 'true');
    expect(code('Python')).toBeVisible();
    await userEvent.keyboard('{ArrowLeft}{ArrowLeft}{ArrowLeft}');
    expect(screen.getByRole('tab', { name: 'curl' })).toHaveFocus();
  });

  test('can be copied', async () => {
    const user = userEvent.setup();
    at({});
    const [install] = screen.getAllByRole('button', { name: 'Copy' });
    if (!install) throw new Error('there is nothing to copy');
    await user.click(install);
    expect(await navigator.clipboard.readText()).toBe(
      'npm install @limi-ai/react @openai/agents-realtime zod',
    );
    expect(screen.getByRole('button', { name: 'Copied' })).toBeVisible();
  });
});
