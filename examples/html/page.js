import { LimiAIVoiceClient } from '@limi-ai/client';

/**
 * @template {Element} T
 * @param {string} selector
 * @param {new () => T} kind
 */
function find(selector, kind) {
  const element = document.querySelector(selector);
  if (element instanceof kind) return element;
  throw new Error(`index.html has no ${selector}`);
}

const button = find('button', HTMLButtonElement);
const status = find('output', HTMLOutputElement);
const problem = find('[role=alert]', HTMLElement);
const words = find('ol', HTMLOListElement);
const input = find('#input', HTMLMeterElement);
const output = find('#output', HTMLMeterElement);

const voice = new LimiAIVoiceClient(find('meta[name=limi-backend]', HTMLMetaElement).content);
let frame = 0;

voice.on('onStateChange', ({ status: now, attempt = 0 }) => {
  status.value = attempt > 0 ? `${now}, attempt ${attempt}` : now;
  button.textContent = now === 'disconnected' || now === 'failed' ? 'Connect Voice' : 'Disconnect';
  if (now === 'connecting') problem.hidden = true;
  // Who listens already is not called twice.
  voice.connection?.subscribe(showWords);
  cancelAnimationFrame(frame);
  showLevels();
});

voice.on('onError', ({ message, reason = '', hint, reference }) => {
  const link = document.createElement('a');
  link.href = reference;
  link.textContent = 'How to fix this';
  problem.replaceChildren(`${message}. ${reason} ${hint}. `, link);
  problem.hidden = false;
});

button.addEventListener('click', () => {
  if (button.textContent === 'Disconnect') {
    void voice.disconnect();
    return;
  }
  // What went wrong is told to `onError` as well.
  voice.connect().catch(() => undefined);
});

/** Both sides' words, as they come. */
function showWords() {
  const { transcript = [] } = voice.connection?.getSnapshot() ?? {};
  words.replaceChildren(
    ...transcript.map(({ role, text }) => {
      const line = document.createElement('li');
      line.dataset.role = role;
      line.textContent = text;
      return line;
    }),
  );
}

/** As often as it is drawn, while there is something to hear. */
function showLevels() {
  const levels = voice.connection?.levels() ?? { input: 0, output: 0 };
  input.value = levels.input;
  output.value = levels.output;
  if (voice.connection?.connectionState.status === 'connected') frame = requestAnimationFrame(showLevels);
}
