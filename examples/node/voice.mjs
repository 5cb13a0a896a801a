/**
 * A spoken question to a spoken answer: `node voice.mjs question.wav answer.wav`.
 *
 * Node has no microphone: sound goes in by `sendAudio`, and comes out by `onAudio`, over a WebSocket.
 */

import { readFile, writeFile } from 'node:fs/promises';
import { LimiAIClient, nodePlatform } from '@limi-ai/client';
import { readWav, silence, writeWav } from './wav.mjs';

const BACKEND_URL = process.env.LIMI_BACKEND_URL ?? 'http://localhost:3001/api';
/** So long a silence tells the server that the question is over. */
const PAUSE_SECONDS = 2;
const PATIENCE_MS = 60_000;

const [question, answer] = process.argv.slice(2);
if (question === undefined || answer === undefined) throw new Error('node voice.mjs question.wav answer.wav');
const speech = readWav(await readFile(question));

/** @type {Buffer[]} */
const heard = [];
const platform = nodePlatform({ onAudio: (pcm16) => heard.push(Buffer.from(pcm16)) });
const apiKey = process.env.LIMI_API_KEY;
const client = new LimiAIClient(BACKEND_URL, { platform, ...(apiKey === undefined ? {} : { apiKey }) });

/** @type {PromiseWithResolvers<void>} */
const { promise: answered, resolve, reject } = Promise.withResolvers();
const voice = client.createVoiceSession({
  // Half a question is none: what is lost is asked again as a whole.
  reconnect: { maxAttempts: 0 },
  onStateChange: ({ status, error }) => {
    if (status === 'failed') reject(error ?? new Error('The conversation is over'));
  },
});
const patience = setTimeout(() => {
  reject(new Error(`There was no answer within ${PATIENCE_MS / 1_000} seconds`));
}, PATIENCE_MS);
try {
  await voice.connect();
  voice.session?.on('transport_event', ({ type }) => {
    if (type === 'response.done') resolve();
  });
  const sound = Uint8Array.from(Buffer.concat([speech, silence(PAUSE_SECONDS)]));
  voice.sendAudio(sound.buffer);
  await answered;
  for (const { role, text } of voice.getSnapshot().transcript) console.log(`${role}: ${text}`);
} finally {
  clearTimeout(patience);
  await voice.disconnect();
}
await writeFile(answer, writeWav(Buffer.concat(heard)));
console.log(`The answer is in ${answer}`);
