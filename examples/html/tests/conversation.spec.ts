import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from '@playwright/test';
import { testExample } from '../../../web/tests/host/example-tests.ts';
import { serveFolder } from './static-site.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
/** Where the page looks for its backend. */
const USUAL_BACKEND = 'http://localhost:3001/api';

testExample({
  platform: 'plain JS: the example',
  picture: path.join(ROOT, 'output/html-conversation.png'),
  serve: async (backendUrl) => {
    expect(readFileSync(path.join(ROOT, 'index.html'), 'utf8')).toContain(USUAL_BACKEND);
    execFileSync(process.execPath, ['build.mjs'], { cwd: ROOT });
    return serveFolder(path.join(ROOT, 'dist'), USUAL_BACKEND, backendUrl);
  },
});
