import { card, expect, expectToMove, test } from './fixtures.ts';

/** With the weights what was said; without, a remark such as "(3.4 seconds of speech)". */
const HEARD = /time it is|seconds of speech/i;

test('from a click to an answer', async ({ page, limi, shows }) => {
  shows('connect', 'speak');
  await page.goto(limi.url);
  await expect(page.getByText('This is the sandbox, not OpenAI.')).toBeVisible();
  const { badge, connect, disconnect, meter, mute, said } = card(page);
  await expect(badge).toHaveText('Disconnected');
  await page.screenshot({ path: 'output/voice-page.png', fullPage: true });

  const clicked = Date.now();
  await connect.click();
  await expect(badge).toHaveText('Connected');
  test
    .info()
    .annotations.push({ type: 'click to connected', description: `${String(Date.now() - clicked)} ms` });

  await expectToMove(meter('You'));
  await expect(said('user').filter({ hasText: HEARD }).first()).toBeVisible({ timeout: 60_000 });
  await expectToMove(meter('Assistant'));
  await expect(said('assistant').first()).toHaveText(/\w+ \w+/);
  await page.screenshot({ path: 'output/voice-page-conversation.png', fullPage: true });

  await mute.click();
  await expect(mute).toHaveAttribute('aria-pressed', 'true');
  await expect(page.getByText('You are muted')).toBeVisible();
  await disconnect.click();
  await expect(badge).toHaveText('Disconnected');
  await expect(meter('You')).toHaveAttribute('aria-valuenow', '0');
  await expect(said('user').first()).toBeVisible();
});

test('without WebRTC the conversation goes by WebSocket, within what the page may do', async ({
  page,
  limi,
  shows,
}) => {
  shows('fallback');
  await page.addInitScript(() => {
    Reflect.deleteProperty(window, 'RTCPeerConnection');
  });
  const sockets: string[] = [];
  page.on('websocket', (socket) => sockets.push(new URL(socket.url()).pathname));
  await page.goto(limi.url);
  const { badge, connect, meter, said } = card(page);
  await connect.click();
  await expect(badge).toHaveText('Connected');
  await expectToMove(meter('You'));
  await expect(said('user').filter({ hasText: HEARD }).first()).toBeVisible({ timeout: 60_000 });
  await expectToMove(meter('Assistant'));
  expect(sockets).toEqual(['/sandbox/v1/realtime']);
});

test('the page is left in the middle of a conversation, and another one begins', async ({ page, limi }) => {
  await page.goto(limi.url);
  await card(page).connect.click();
  await expect(card(page).badge).toHaveText('Connected');
  await page.reload();
  await expect(card(page).badge).toHaveText('Disconnected');
  await card(page).connect.click();
  await expect(card(page).badge).toHaveText('Connected');
});
