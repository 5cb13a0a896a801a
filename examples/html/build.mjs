/** Puts the page, and what its import map names, into `dist`, from where any web server can serve them. */

import { cp, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const PAGE = ['index.html', 'page.js', 'style.css'];

const dist = path.join(import.meta.dirname, 'dist');
/** @param {string} name @returns {string} the folder of its built code. */
const built = (name) => path.dirname(fileURLToPath(import.meta.resolve(name)));

await rm(dist, { recursive: true, force: true });
for (const file of PAGE) await cp(path.join(import.meta.dirname, file), path.join(dist, file));
await cp(built('@limi-ai/client'), path.join(dist, 'vendor/client'), { recursive: true });
// OpenAI's own bundle of its package, for pages without a bundler.
const bundle = path.join(built('@openai/agents-realtime'), 'bundle');
await cp(bundle, path.join(dist, 'vendor/agents-realtime'), { recursive: true });
