// @vitest-environment node
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import * as main from '../src/index.ts';
import * as ui from '../src/ui.ts';
import { VERSION } from '../src/version.ts';

const manifest = JSON.parse(readFileSync(path.resolve(import.meta.dirname, '../package.json'), 'utf8')) as {
  version: string;
};

test('says the version that it has', () => {
  expect(VERSION).toBe(manifest.version);
});

test('the changelog tells of this version', () => {
  expect(readFileSync(path.resolve(import.meta.dirname, '../CHANGELOG.md'), 'utf8')).toContain(
    `## ${VERSION}`,
  );
});

test('the package holds the built code, its types, its style and its documents, and nothing else', () => {
  const answer = execFileSync('npm', ['pack', '--dry-run', '--json'], {
    cwd: path.resolve(import.meta.dirname, '..'),
    stdio: 'pipe',
  }).toString();
  const [pack] = Object.values(JSON.parse(answer) as Record<string, { files: { path: string }[] }>);
  const outside = pack?.files
    .map((file) => file.path)
    .filter((name) => !/^dist\/([\w-]+\.(js|d\.ts)|ui\.css)$/.test(name));
  expect(outside?.sort()).toEqual([
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'THIRD_PARTY_LICENSES.md',
    'package.json',
  ]);
});

test('exports what is documented and nothing else', () => {
  expect(Object.keys(main).sort()).toEqual(['LimiError', 'VoiceProvider', 'useVoice', 'useVoiceConnection']);
  expect(Object.keys(ui)).toEqual(['VoiceConnectionUI']);
});
