import { MicrophoneProblem, type LimiError } from '@limi-ai/client';
import { FakePlatform } from '@limi-ai/client/testing';
import { mount, type VueWrapper } from '@vue/test-utils';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { defineComponent, effectScope, h, nextTick, ref, type MaybeRefOrGetter } from 'vue';
import { useOpenAIVoice, type OpenAIVoice, type UseOpenAIVoiceOptions } from '../src/use-openai-voice.ts';

const BACKEND = 'http://limi.test/api';
const NOTHING = { timers: 0, microphones: 0, sessions: 0, listeners: 0, requests: 0 };
let world: FakePlatform;

beforeEach(() => {
  world = new FakePlatform();
});

const mints = () => world.requests.filter((request) => request.path === '/client-secret');
const models = () => mints().map(({ body }) => (body as { model?: string }).model);

/** A component that shows what the composable says. */
function mounted(
  options: MaybeRefOrGetter<UseOpenAIVoiceOptions> = { platform: world },
  backendUrl: MaybeRefOrGetter<string> = BACKEND,
): { voice: OpenAIVoice; wrapper: VueWrapper } {
  let voice: OpenAIVoice | undefined;
  const wrapper = mount(
    defineComponent(() => {
      const used = useOpenAIVoice(backendUrl, options);
      voice = used;
      return () => [
        h('button', { onClick: used.connect as (given?: unknown) => unknown }, used.state.value.status),
        h(
          'p',
          used.transcript.value.map(({ role, text }) => `${role}: ${text}`),
        ),
      ];
    }),
  );
  if (!voice) throw new Error('the component was not set up');
  return { voice, wrapper };
}

test('an option that makes no sense is told, not swallowed', async () => {
  const { voice } = mounted({ platform: world, reconnect: { maxAttempts: -1 } });
  await expect(voice.connect()).rejects.toThrow('reconnect.maxAttempts: must be from 0 to Infinity');
});

describe('what it returns', () => {
  test('is the documented names and nothing else', () => {
    expect(Object.keys(mounted().voice)).toEqual([
      'state',
      'isConnected',
      'connect',
      'disconnect',
      'transcript',
      'muted',
      'mute',
      'levels',
      'session',
      'sendText',
      'interrupt',
    ]);
  });

  test('is disconnected at first, and takes nothing of the world', () => {
    const { voice } = mounted();
    expect(voice.state.value).toEqual({ status: 'disconnected' });
    expect(voice.isConnected.value).toBe(false);
    expect(voice.session.value).toBeNull();
    expect(voice.levels()).toEqual({ input: 0, output: 0 });
    expect(world.held).toEqual(NOTHING);
    expect(world.requests).toEqual([]);
  });

  test('follows the conversation, and the component with it', async () => {
    const { voice, wrapper } = mounted();
    const connecting = voice.connect('gpt-realtime-2.1');
    await nextTick();
    expect(wrapper.text()).toContain('connecting');
    await connecting;
    await nextTick();
    expect(voice.isConnected.value).toBe(true);
    expect(voice.session.value).toEqual({ fake: true });
    expect(wrapper.text()).toContain('connected');
    expect(mints()).toMatchObject([
      { body: { model: 'gpt-realtime-2.1' }, headers: { 'X-Limi-Client': 'vue/1.0.0' } },
    ]);
    world.session.tell({
      type: 'response.output_audio_transcript.delta',
      item_id: 'item_1',
      delta: 'Good day',
    });
    await nextTick();
    expect(wrapper.text()).toContain('assistant: Good day');
    await voice.disconnect();
    expect(voice.state.value.status).toBe('disconnected');
    expect(voice.session.value).toBeNull();
    expect(voice.transcript.value).toHaveLength(1);
  });

  test('has the error of what failed, and connect does not reject', async () => {
    world.microphoneProblem = new MicrophoneProblem('microphone_denied');
    const { voice } = mounted();
    await voice.connect();
    expect(voice.state.value).toMatchObject({
      status: 'failed',
      error: { code: 'microphone_denied', reference: 'http://limi.test/errors/microphone_denied' },
    });
    world.microphoneProblem = null;
    await voice.connect();
    expect(voice.state.value).toMatchObject({ status: 'connected' });
  });

  test('counts the attempts to get a lost connection back', async () => {
    const { voice } = mounted();
    await voice.connect();
    world.session.breakDown();
    expect(voice.state.value).toMatchObject({ status: 'connecting', attempt: 1 });
    await world.pass(5_000);
    expect(voice.isConnected.value).toBe(true);
    expect(mints()).toHaveLength(2);
  });

  test('says why the server ended the call', async () => {
    const { voice } = mounted();
    await voice.connect();
    world.session.end('The budget is used up.');
    const { error } = voice.state.value as { error: LimiError };
    expect(error).toMatchObject({ code: 'session_ended', reason: 'The budget is used up.', final: true });
  });

  test('knows how loud it is, and passes text and interruptions on', async () => {
    const { voice } = mounted();
    voice.sendText('Nobody is there yet');
    voice.interrupt();
    await voice.connect();
    world.microphone.loudness = 0.5;
    expect(voice.levels()).toEqual({ input: 0.5, output: 0 });
    voice.sendText('Good day');
    voice.interrupt();
    expect(world.session).toMatchObject({ texts: ['Good day'], interruptions: 1 });
  });
});

describe('the microphone', () => {
  test('is muted and opened again', async () => {
    const { voice } = mounted();
    await voice.connect();
    voice.mute(true);
    expect([voice.muted.value, world.microphone.muted]).toEqual([true, true]);
    voice.mute(false);
    expect([voice.muted.value, world.microphone.muted]).toEqual([false, false]);
  });

  test('stays muted in the next conversation', async () => {
    const { voice } = mounted();
    voice.mute(true);
    await voice.connect();
    expect(world.microphone.muted).toBe(true);
    await voice.disconnect();
    await voice.connect();
    expect([world.microphones.length, world.microphone.muted]).toEqual([2, true]);
  });
});

describe('connecting', () => {
  test('twice is one conversation', async () => {
    const { voice } = mounted();
    await Promise.all([voice.connect(), voice.connect()]);
    await voice.connect();
    expect([mints().length, world.sessions.length, world.microphones.length]).toEqual([1, 1, 1]);
  });

  test('with the model that is on goes on with it', async () => {
    const { voice } = mounted({ platform: world, model: 'gpt-realtime-2.1' });
    await Promise.all([voice.connect(), voice.connect('gpt-realtime-2.1')]);
    await voice.connect('gpt-realtime-2.1');
    expect(models()).toEqual(['gpt-realtime-2.1']);
    expect(world.microphones).toHaveLength(1);
  });

  test('with another model ends the conversation and begins another', async () => {
    const { voice } = mounted();
    await voice.connect('gpt-realtime-2.1');
    await voice.connect('gpt-realtime-mini');
    expect(models()).toEqual(['gpt-realtime-2.1', 'gpt-realtime-mini']);
    expect(world.sessions.map(({ closed }) => closed)).toEqual([true, false]);
    expect(voice.isConnected.value).toBe(true);
    world.sessions[0]?.tell({ type: 'response.output_text.done', item_id: 'item_1', text: 'Too late' });
    world.sessions[0]?.breakDown();
    expect([voice.isConnected.value, voice.transcript.value]).toEqual([true, []]);
  });

  test('by a bare click handler asks for no model', async () => {
    const { voice, wrapper } = mounted();
    await wrapper.get('button').trigger('click');
    await world.pass(0);
    expect(voice.isConnected.value).toBe(true);
    expect(models()).toEqual([undefined]);
  });

  test('reads where the backend is and what is wanted at that moment', async () => {
    const backendUrl = ref('http://one.test/api');
    const profile = ref('tutor');
    const fetch = vi.spyOn(world, 'fetch');
    const { voice } = mounted(() => ({ platform: world, profile: profile.value }), backendUrl);
    await voice.connect();
    backendUrl.value = 'http://two.test/api';
    profile.value = 'guide';
    expect(mints()).toHaveLength(1);
    await voice.disconnect();
    await voice.connect();
    const asked = fetch.mock.calls.map(([url]) => url).filter((url) => url.endsWith('/client-secret'));
    expect(asked).toEqual(['http://one.test/api/client-secret', 'http://two.test/api/client-secret']);
    expect(mints().map(({ body }) => (body as { profile: string }).profile)).toEqual(['tutor', 'guide']);
  });
});

describe('a scope that goes', () => {
  test.each([
    ['in a conversation', () => world.pass(0)],
    ['while it connects', () => Promise.resolve()],
  ])('leaves nothing behind %s', async (_, before) => {
    const { voice, wrapper } = mounted();
    void voice.connect();
    await before();
    wrapper.unmount();
    await world.pass(60_000);
    expect(world.held).toEqual(NOTHING);
    expect(voice.state.value.status).toBe('disconnected');
  });

  test('is not connected for afterwards', async () => {
    const { voice, wrapper } = mounted();
    wrapper.unmount();
    await voice.connect();
    expect(world.requests).toEqual([]);
  });

  test('may be any effect scope', async () => {
    const scope = effectScope();
    const voice = scope.run(() => useOpenAIVoice(BACKEND, { platform: world }));
    await voice?.connect();
    scope.stop();
    await world.pass(60_000);
    expect(world.held).toEqual(NOTHING);
  });

  test('may be none, where the caller disconnects', async () => {
    const voice = useOpenAIVoice(BACKEND, { platform: world });
    await voice.connect();
    await voice.disconnect();
    await world.pass(60_000);
    expect(world.held).toEqual(NOTHING);
  });
});
