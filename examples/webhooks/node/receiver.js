// Receives webhooks of Limi with Node's own server, and verifies them with the `standardwebhooks` library.
//
//     npm ci
//     limi webhook create https://your.host/limi --quiet > webhook-secret
//     WEBHOOK_SECRET_FILE=webhook-secret node receiver.js
//
// It listens on 127.0.0.1; a proxy with a certificate goes before it.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { Webhook } from 'standardwebhooks';

const MOST_BYTES = 20_000; // Limi sends less
// Ids; a real receiver keeps them in its database for as long as Limi tries, which is 75 hours.
const REMEMBERED = 100_000;

const file = process.env.WEBHOOK_SECRET_FILE;
if (!file) {
  console.error("WEBHOOK_SECRET_FILE must name a file with the endpoint's secret.");
  process.exit(1);
}
const webhook = new Webhook(readFileSync(file, 'utf8').trim());
const seen = new Set();

/** Do with an event whatever is to be done, unless it came before: a delivery may come twice. */
function take(message, event) {
  if (seen.has(message)) return;
  seen.add(message);
  if (seen.size > REMEMBERED) seen.delete(seen.values().next().value);
  console.log(`${event.type} at ${event.timestamp}: ${JSON.stringify(event.data)}`);
}

/** Return the very bytes that came: a signature covers these and no others. */
async function read(request) {
  const chunks = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > MOST_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const server = createServer({ requestTimeout: 10_000 }, async (request, response) => {
  try {
    if (request.method !== 'POST') return response.writeHead(405).end();
    const body = await read(request);
    if (body === undefined) return response.writeHead(413, { connection: 'close' }).end();
    let event;
    try {
      event = webhook.verify(body, request.headers);
    } catch {
      return response.writeHead(400).end();
    }
    take(request.headers['webhook-id'], event);
    return response.writeHead(204).end(); // soon: what takes long belongs into a queue
  } catch {
    return response.destroy(); // the sender left in the middle
  }
});
const wanted = process.argv.indexOf('--port');
server.listen(wanted > 0 ? Number(process.argv[wanted + 1]) : 4000, '127.0.0.1', () => {
  console.log(`Listening on http://127.0.0.1:${server.address().port}`);
});
