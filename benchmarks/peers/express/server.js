// Express with axios, express-rate-limit, express-validator and winston: the stack most Node mints are written with.
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';

import axios from 'axios';
import express from 'express';
import { rateLimit } from 'express-rate-limit';
import { body, matchedData, validationResult } from 'express-validator';
import winston from 'winston';

const { LOG_FILE, OPENAI_API_KEY, PORT, UPSTREAM_URL } = process.env;

const logger = winston.createLogger({
  level: 'info',
  format: winston.format.combine(winston.format.timestamp(), winston.format.json()),
  transports: [new winston.transports.File({ filename: LOG_FILE })],
});

// Without an agent of its own axios would open a connection for each request on older Node versions.
const upstream = axios.create({
  baseURL: UPSTREAM_URL,
  timeout: 10_000,
  maxRedirects: 0,
  httpAgent: new http.Agent({ keepAlive: true }),
  httpsAgent: new https.Agent({ keepAlive: true }),
  headers: { Authorization: `Bearer ${OPENAI_API_KEY}` },
});

const rules = [
  body('sessionId').isString().matches(/^[A-Za-z0-9_-]{1,100}$/),
  body('model').isString().isLength({ min: 1, max: 100 }),
];

const app = express();
app.disable('x-powered-by');
app.use(rateLimit({ windowMs: 60_000, limit: 1_000_000_000, standardHeaders: 'draft-8', legacyHeaders: false }));
app.use(express.json({ limit: '64kb' }));

app.get('/healthz', (req, res) => {
  res.json({ status: 'ok' });
});

app.post('/api/client-secret', rules, async (req, res) => {
  const started = performance.now();
  const errors = validationResult(req);
  if (!errors.isEmpty()) {
    res.status(400).json({ errors: errors.array() });
    return;
  }
  const { sessionId, model } = matchedData(req);
  const requestId = req.get('x-request-id') ?? randomUUID();
  const { data } = await upstream.post('/realtime/client_secrets', { session: { type: 'realtime', model } });
  logger.info('mint.succeeded', {
    requestId,
    sessionId,
    model,
    ip: req.ip,
    durationMs: Math.round(performance.now() - started),
  });
  res.set('Cache-Control', 'no-store');
  res.json({
    ephemeralKey: data.value,
    expiresAt: data.expires_at,
    sessionId,
    model: data.session.model,
    requestId,
  });
});

// Express tells error handlers by their four parameters.
app.use((error, req, res, next) => {
  logger.error('mint.failed', { message: error.message });
  if (res.headersSent) {
    next(error);
    return;
  }
  res.status(error.status && !error.isAxiosError ? error.status : 502).json({ error: 'token_generation_failed' });
});

app.listen(Number(PORT), '127.0.0.1');
