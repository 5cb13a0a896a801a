/**
 * A service that gives its own users keys for voice calls: `node service.mjs`.
 *
 * Browsers and phones never see the backend's API key: they show this service who they are, and get a key that lives
 * for minutes. The same handful of lines fits any web framework.
 */

import { createServer } from 'node:http';
import { LimiAIServiceIntegration, LimiError } from '@limi-ai/client';

/** Stands for however your service knows its users. */
const USERS = new Map([
  ['demo-token-of-alice', 'alice'],
  ['demo-token-of-bob', 'bob'],
]);

const BACKEND_URL = process.env.LIMI_BACKEND_URL ?? 'http://localhost:3001/api';
const limi = new LimiAIServiceIntegration(BACKEND_URL, process.env.LIMI_API_KEY);

/**
 * An answer to a user: a status, JSON, and headers.
 * @typedef {[status: number, body: object, headers?: Record<string, string>]} Answer
 */

/**
 * Mint a key in the service's name, and put what can go wrong into this service's own words.
 * @param {string} user
 * @returns {Promise<Answer>}
 */
async function handOutKey(user) {
  try {
    const { ephemeralKey, expiresAt, urls } = await limi.generateTokenForService(`shop-${user}`, {
      capabilities: ['audio_input', 'audio_output'],
    });
    return [200, { key: ephemeralKey, expiresAt, urls }];
  } catch (error) {
    if (!(error instanceof LimiError)) throw error;
    if (error.code === 'rate_limit_exceeded') {
      const seconds = Math.ceil((error.retryAfterMs ?? 1_000) / 1_000);
      return [429, { error: 'Too many calls at once' }, { 'Retry-After': String(seconds) }];
    }
    // The message is for operators, not for users; the request id finds the line in the backend's log.
    console.error(`${error.code}: ${error.message} ${error.hint}`, error.requestId ?? '');
    return [503, { error: 'Voice is not available now' }];
  }
}

/** @returns {Promise<Answer>} whether keys can be had. */
async function checkHealth() {
  try {
    const { status } = await limi.checkServiceHealth();
    return [status === 'healthy' ? 200 : 503, { voice: status === 'healthy' }];
  } catch {
    return [503, { voice: false }];
  }
}

/**
 * @param {import('node:http').IncomingMessage} request
 * @returns {Promise<Answer>}
 */
async function answer({ method, url, headers }) {
  if (method === 'GET' && url === '/health') return checkHealth();
  if (method !== 'POST' || url !== '/voice-key') return [404, { error: 'There is nothing here' }];
  const user = USERS.get((headers.authorization ?? '').replace(/^Bearer /, ''));
  return user === undefined ? [401, { error: 'Log in first' }] : handOutKey(user);
}

const server = createServer((request, response) => {
  // Nothing in a body is of interest, but it has to be taken.
  request.resume();
  answer(request).then(
    ([status, body, headers = {}]) => {
      // A key is nobody else's, so nobody may keep it.
      const usual = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' };
      response.writeHead(status, { ...usual, ...headers }).end(JSON.stringify(body));
    },
    (/** @type {unknown} */ error) => {
      console.error(error);
      response.writeHead(500).end();
    },
  );
});

server.listen(Number(process.env.PORT ?? 3003), '127.0.0.1', () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  console.log(`Keys for users at http://localhost:${port}/voice-key, from ${BACKEND_URL}`);
});
