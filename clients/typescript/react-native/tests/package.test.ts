import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import * as main from '../src/index.ts';
import { VERSION } from '../src/version.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const manifest = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { version: string };

test('says the version that it has, and so does the changelog', () => {
  expect(VERSION).toBe(manifest.version);
  expect(readFileSync(path.join(ROOT, 'CHANGELOG.md'), 'utf8')).toContain(`## ${VERSION}`);
});

test('the package holds the built code, its types and its documents, and nothing else', () => {
  const answer = execFileSync('npm', ['pack', '--dry-run', '--json'], {
    cwd: ROOT,
    stdio: 'pipe',
  }).toString();
  const [pack] = Object.values(JSON.parse(answer) as Record<string, { files: { path: string }[] }>);
  const outside = pack?.files
    .map((file) => file.path)
    .filter((name) => !/^dist\/[\w-]+\.(js|d\.ts)$/.test(name));
  expect(outside?.sort()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']);
});

test('exports what is documented and nothing else', () => {
  expect(Object.keys(main).sort()).toEqual([
    'LimiAIMobileClient',
    'LimiError',
    'reactNativePlatform',
    'useVoiceConnection',
  ]);
});
