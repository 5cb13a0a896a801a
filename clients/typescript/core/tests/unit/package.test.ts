/** What users install. */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as client from '../../src/index.ts';
import * as kit from '../../src/platform-kit.ts';
import * as testing from '../../src/testing.ts';

const MANIFEST = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
  dependencies?: object;
};

test('the public names are these', () => {
  expect(Object.keys(client).sort()).toEqual([
    'LimiAIClient',
    'LimiAIServiceIntegration',
    'LimiAIVoiceClient',
    'LimiError',
    'MicrophoneProblem',
    'SessionProblem',
    'VERSION',
    'VoiceConnection',
    'browserPlatform',
    'nodePlatform',
  ]);
  expect(Object.keys(kit).sort()).toEqual([
    'COMMON',
    'OfficialSession',
    'PeerSession',
    'loudnessOf',
    'uuidFrom',
  ]);
  expect(Object.keys(testing).sort()).toEqual([
    'FakeDataChannel',
    'FakeMicrophone',
    'FakePeerConnection',
    'FakePlatform',
    'FakeSession',
    'FakeTrack',
  ]);
});

test('the code knows its version, and the changelog too', () => {
  expect(client.VERSION).toBe(MANIFEST.version);
  expect(readFileSync(new URL('../../CHANGELOG.md', import.meta.url), 'utf8')).toContain(
    `## ${MANIFEST.version}`,
  );
});

test('nothing is installed along with it but what its users chose', () => {
  expect(MANIFEST.dependencies).toBeUndefined();
});

test('the package holds the built code, its types and its documents, and nothing else', () => {
  const folder = new URL('../..', import.meta.url);
  const answer = execFileSync('npm', ['pack', '--dry-run', '--json'], {
    cwd: folder,
    stdio: 'pipe',
  }).toString();
  const [pack] = Object.values(JSON.parse(answer) as Record<string, { files: { path: string }[] }>);
  const outside = pack?.files
    .map(({ path }) => path)
    .filter((path) => !/^dist\/[\w-]+\.(js|d\.ts)$/.test(path));
  expect(outside?.sort()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']);
});

test('importing it touches nothing of the world', async () => {
  const script = `
    const before = Object.getOwnPropertyNames(globalThis).length;
    const { VoiceConnection } = await import('./src/index.ts');
    new VoiceConnection({ backendUrl: '/api' }).getSnapshot();
    if (Object.getOwnPropertyNames(globalThis).length !== before) throw new Error('a global was added');`;
  const cwd = new URL('../..', import.meta.url);
  execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd, stdio: 'pipe' });
  await Promise.resolve();
});
