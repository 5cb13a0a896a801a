/** All packages are ready to be published with provenance, but for the repository's address, which nobody knows yet. */

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  readonly license?: string;
  readonly private?: boolean;
  readonly files?: readonly string[];
  readonly publishConfig?: object;
  readonly repository?: unknown;
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

const REPOSITORY = new URL('../../../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, REPOSITORY), 'utf8');
const FOLDERS = readdirSync(new URL('clients/typescript', REPOSITORY)).map(
  (name) => `clients/typescript/${name}`,
);
const PACKAGES = FOLDERS.map(
  (folder) => [folder, JSON.parse(read(`${folder}/package.json`)) as Manifest] as const,
);
const VERSIONS = new Map(PACKAGES.map(([, { name, version }]) => [name, version]));

/** What npm runs by itself when a package is installed, or packed: a release is what was built and checked. */
const BY_ITSELF = [
  'preinstall',
  'install',
  'postinstall',
  'prepare',
  'prepack',
  'postpack',
  'prepublishOnly',
];

describe.each(PACKAGES)('%s', (folder, manifest) => {
  test('is published for everybody, with provenance', () => {
    expect(manifest.private).toBeUndefined();
    expect(manifest.publishConfig).toEqual({ access: 'public', provenance: true });
    expect(manifest.description).toMatch(/^[A-Z].+\.$/);
  });

  test('brings its licence, its changelog and what was built', () => {
    expect(manifest.license).toBe('Apache-2.0');
    expect(read(`${folder}/LICENSE`)).toBe(read('LICENSE'));
    expect(manifest.files).toEqual(expect.arrayContaining(['dist', 'CHANGELOG.md']));
  });

  test('runs nothing by itself', () => {
    expect(Object.keys(manifest.scripts).filter((name) => BY_ITSELF.includes(name))).toEqual([]);
  });

  test('has the version of all, and needs the others in that version', () => {
    expect(new Set(VERSIONS.values()).size).toBe(1);
    for (const [name, range] of Object.entries(manifest.dependencies ?? {})) {
      if (name.startsWith('@limi-ai/')) expect(range).toBe(`^${String(VERSIONS.get(name))}`);
    }
  });

  test('names no repository, or where in it the package is', () => {
    if (manifest.repository === undefined) return;
    expect(manifest.repository).toEqual({
      type: 'git',
      url: expect.stringMatching(/^git\+https:\/\/\S+\.git$/) as string,
      directory: folder,
    });
  });
});

test('the publisher is told of every package, those before others that others need', () => {
  const lists = [...read('docs/releasing.md').matchAll(/for name in ([a-z -]+);/g)].map(([, names]) =>
    (names ?? '').split(' ').map((name) => `@limi-ai/${name}`),
  );
  expect(lists).toHaveLength(2);
  for (const names of lists) {
    expect([...names].sort()).toEqual([...VERSIONS.keys()].sort());
    for (const [, { name, dependencies = {} }] of PACKAGES) {
      const needed = Object.keys(dependencies).filter((other) => VERSIONS.has(other));
      for (const other of needed) expect(names.indexOf(other)).toBeLessThan(names.indexOf(name));
    }
  }
});
