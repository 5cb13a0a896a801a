// Fastify with undici and pino: the fastest stack that Node developers commonly choose.
import { randomUUID } from 'node:crypto';

import rateLimit from '@fastify/rate-limit';
import Fastify, { LogController } from 'fastify';
import { pino } from 'pino';
import { Pool } from 'undici';

const { OPENAI_API_KEY, PORT, UPSTREAM_URL } = process.env;

// Asynchronous logging, as pino's documentation recommends where throughput matters.
const logger = pino(pino.destination({ sync: false, minLength: 4096 }));

const { origin, pathname } = new URL(UPSTREAM_URL);
const upstream = new Pool(origin, { headersTimeout: 10_000, bodyTimeout: 10_000 });
const path = `${pathname}/realtime/client_secrets`;
const headers = { authorization: `Bearer ${OPENAI_API_KEY}`, 'content-type': 'application/json' };

const schema = {
  body: {
    type: 'object',
    required: ['sessionId', 'model'],
    additionalProperties: false,
    properties: {
      sessionId: { type: 'string', pattern: '^[A-Za-z0-9_-]{1,100}$' },
      model: { type: 'string', minLength: 1, maxLength: 100 },
    },
  },
  response: {
    200: {
      type: 'object',
      properties: {
        ephemeralKey: { type: 'string' },
        expiresAt: { type: 'integer' },
        sessionId: { type: 'string' },
        model: { type: 'string' },
        requestId: { type: 'string' },
      },
    },
  },
};

// One line a request is what every contender writes, so Fastify's own two are off.
const app = Fastify({
  loggerInstance: logger,
  logController: new LogController({ disableRequestLogging: true }),
  bodyLimit: 65_536,
  requestIdHeader: 'x-request-id',
  genReqId: () => randomUUID(),
});
await app.register(rateLimit, { max: 1_000_000_000, timeWindow: 60_000 });

app.get('/healthz', async () => ({ status: 'ok' }));

app.post('/api/client-secret', { schema }, async (request, reply) => {
  const started = performance.now();
  const { sessionId, model } = request.body;
  const { statusCode, body } = await upstream.request({
    path,
    method: 'POST',
    headers,
    body: JSON.stringify({ session: { type: 'realtime', model } }),
  });
  if (statusCode !== 200) {
    await body.dump();
    request.log.error({ statusCode }, 'mint.failed');
    return reply.code(502).send({ error: 'token_generation_failed' });
  }
  const secret = await body.json();
  request.log.info(
    { sessionId, model, ip: request.ip, durationMs: Math.round(performance.now() - started) },
    'mint.succeeded',
  );
  reply.header('cache-control', 'no-store');
  return {
    ephemeralKey: secret.value,
    expiresAt: secret.expires_at,
    sessionId,
    model: secret.session.model,
    requestId: request.id,
  };
});

await app.listen({ port: Number(PORT), host: '127.0.0.1' });
