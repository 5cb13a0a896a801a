/** The page: a button, the state, and what both sides say. */
import { createVoiceConnection } from '@limi-ai/electron/renderer';
import { config } from 'zod';

// The official session checks events by zod, whose faster way evaluates code, which the page's policy forbids.
config({ jitless: true });

const voice = createVoiceConnection({
  // Where the links of errors lead; the keys come from the main process.
  backendUrl: 'http://localhost:3001/api',
});
const button = find('button');
const state = find('#state');
const words = find('#words');

voice.subscribe(show);
show();
button.addEventListener('click', () => {
  const { status } = voice.connectionState;
  if (status === 'connected' || status === 'connecting') void voice.disconnect();
  // What went wrong stands in the state.
  else voice.connect().catch(() => undefined);
});

function show(): void {
  const { state: now, transcript } = voice.getSnapshot();
  const on = now.status === 'connected' || now.status === 'connecting';
  button.textContent = on ? 'Disconnect' : 'Connect Voice';
  state.textContent = now.error === undefined ? now.status : `${now.error.message}. ${now.error.hint}`;
  words.replaceChildren(
    ...transcript.map(({ role, text }) => {
      const line = document.createElement('p');
      line.textContent = `${role === 'user' ? 'You' : 'Assistant'}: ${text}`;
      return line;
    }),
  );
}

function find(selector: string): Element {
  const element = document.querySelector(selector);
  if (element === null) throw new Error(`index.html has no ${selector}`);
  return element;
}
