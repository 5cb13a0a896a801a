/** The client for plain pages. */

import { expect, test } from 'vitest';
import { LimiAIVoiceClient, MicrophoneProblem } from '../../src/index.ts';
import { FakePlatform } from '../../src/testing.ts';

function make(): { world: FakePlatform; voice: LimiAIVoiceClient; heard: string[] } {
  const world = new FakePlatform();
  const voice = new LimiAIVoiceClient('http://limi.test/api', { platform: world });
  const heard: string[] = [];
  voice.on('onStateChange', ({ status }) => heard.push(status));
  voice.on('onConnected', () => heard.push('connected!'));
  voice.on('onError', ({ code }) => heard.push(`error ${code}`));
  return { world, voice, heard };
}

test('tells of states, of being connected, and of the end', async () => {
  const { world, voice, heard } = make();
  await voice.connect('gpt-realtime-2.1');
  await voice.disconnect();
  expect(heard).toEqual(['connecting', 'connecting', 'connected', 'connected!', 'disconnected']);
  expect(world.requests[0]?.body).toEqual({ model: 'gpt-realtime-2.1' });
});

test('tells of errors once', async () => {
  const { world, voice, heard } = make();
  world.microphoneProblem = new MicrophoneProblem('microphone_denied');
  await expect(voice.connect()).rejects.toMatchObject({ code: 'microphone_denied' });
  expect(heard.filter((line) => line.startsWith('error'))).toEqual(['error microphone_denied']);
});

test('tells nobody who stopped listening', async () => {
  const { voice } = make();
  const heard: string[] = [];
  const stop = voice.on('onStateChange', ({ status }) => heard.push(status));
  stop();
  await voice.connect();
  expect(heard).toEqual([]);
});

test('keeps its conversation for the same model, and makes another for another', async () => {
  const { world, voice } = make();
  expect(voice.connection).toBeNull();
  await voice.connect();
  const first = voice.connection;
  await voice.connect();
  expect(voice.connection).toBe(first);
  await voice.connect('gpt-realtime-2.1-mini');
  expect(voice.connection).not.toBe(first);
  expect(world.held).toMatchObject({ sessions: 1, microphones: 1 });
});

test('begins one conversation, however often the button is pressed meanwhile', async () => {
  const { world, voice } = make();
  await Promise.all([voice.connect(), voice.connect(), voice.connect()]);
  expect(world.held).toMatchObject({ sessions: 1, microphones: 1 });
  await voice.disconnect();
  expect(world.held).toMatchObject({ sessions: 0, microphones: 0, timers: 0 });
});

test('that is disconnected while it begins stays so', async () => {
  const { world, voice } = make();
  const connecting = voice.connect();
  await voice.disconnect();
  await connecting;
  expect(world.held).toMatchObject({ sessions: 0, microphones: 0, timers: 0 });
});

test('takes another model at once, although the last report is under way', async () => {
  const { world, voice } = make();
  await voice.connect();
  const usual = world.answer;
  world.answer = (request) => (request.path === '/analytics/events' ? 'silent' : usual(request));
  await voice.connect('gpt-realtime-2.1-mini');
  expect(world.held).toMatchObject({ sessions: 1, microphones: 1 });
});

test('may be disconnected before it was ever connected', async () => {
  await make().voice.disconnect();
});
