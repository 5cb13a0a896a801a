import { card, expect, expectToMove, test } from './fixtures.ts';

test('who speaks into the answer interrupts it', async ({ page, limi, shows }) => {
  shows('barge-in');
  await page.addInitScript(() => {
    const told: string[] = [];
    Object.assign(window, { told });
    window.RTCPeerConnection = class extends RTCPeerConnection {
      override createDataChannel(label: string, options?: RTCDataChannelInit): RTCDataChannel {
        const channel = super.createDataChannel(label, options);
        channel.addEventListener('message', ({ data }) =>
          told.push((JSON.parse(String(data)) as { type: string }).type),
        );
        return channel;
      }
    };
  });
  await page.goto(limi.url);
  const { badge, connect, meter, said } = card(page);
  await connect.click();
  await expect(badge).toHaveText('Connected');
  await expectToMove(meter('Assistant'));
  // What was not heard yet is taken back, and the new words are answered.
  await expect
    .poll(() => page.evaluate(() => (window as unknown as { told: string[] }).told), { timeout: 60_000 })
    .toContain('output_audio_buffer.cleared');
  await expect(said('user').nth(1)).toHaveText(/\w/, { timeout: 30_000 });
  await expect(said('assistant').nth(1)).toHaveText(/\w/, { timeout: 30_000 });
});
