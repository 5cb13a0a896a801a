/** What `make packages` and a release hand over: each package is packed as they pack it, unpacked, and looked into. */

import { execFile, execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly dependencies?: object;
  readonly peerDependencies?: object;
}

const REPOSITORY = fileURLToPath(new URL('../../../../../', import.meta.url));
const read = (file: string): string => readFileSync(file, 'utf8');
const FOLDERS = readdirSync(path.join(REPOSITORY, 'clients/typescript')).map((name) =>
  path.join(REPOSITORY, 'clients/typescript', name),
);
const PACKAGES = FOLDERS.map(
  (folder) => [(JSON.parse(read(path.join(folder, 'package.json'))) as Manifest).name, folder] as const,
);
/** The built code, its types and its style; and what a person reads. */
const MAY_BE_INSIDE =
  /^(dist\/[\w.-]+\.(js|cjs|d\.ts|d\.cts|css)|(README|CHANGELOG|THIRD_PARTY_LICENSES)\.md|LICENSE|package\.json)$/;
/** A statement at the beginning of a line, or a call; a message may speak of an import as well. */
const IMPORTED =
  /^(?:import|export)\b[^"'\n]*["']([^"'\n]+)["']|(?<![\w'"])(?:import|require)\(["']([^"'\n]+)["']\)/gm;

/** An application's folder, in which all packages are installed; nothing of this checkout is to be found from it. */
let application: string;

beforeAll(async () => {
  application = mkdtempSync(path.join(tmpdir(), 'limi-packing-'));
  await Promise.all(PACKAGES.map(([name, folder]) => install(name, folder)));
}, 60_000);

afterAll(() => {
  rmSync(application, { recursive: true });
});

/** Pack a package as it lies there, and unpack it where an application has it. */
async function install(name: string, folder: string): Promise<void> {
  const packed = mkdtempSync(path.join(application, 'packed-'));
  await promisify(execFile)('npm', ['pack', '--pack-destination', packed, '--ignore-scripts'], {
    cwd: folder,
  });
  const [archive = ''] = readdirSync(packed);
  await promisify(execFile)('tar', ['-xzf', archive], { cwd: packed });
  mkdirSync(installed(name), { recursive: true });
  cpSync(path.join(packed, 'package'), installed(name), { recursive: true });
}

function installed(name: string): string {
  return path.join(application, 'node_modules', name);
}

function filesOf(name: string): string[] {
  return readdirSync(installed(name), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(installed(name), path.join(entry.parentPath, entry.name)));
}

describe.each(PACKAGES)('%s', (name) => {
  const manifest = (): Manifest => JSON.parse(read(path.join(installed(name), 'package.json'))) as Manifest;
  const built = (): string[] => filesOf(name).filter((file) => /^dist\/.*\.(js|cjs|ts|cts)$/.test(file));

  test('holds what was built and what is read, and neither sources nor tests', () => {
    const files = filesOf(name);
    expect(files.filter((file) => !MAY_BE_INSIDE.test(file))).toEqual([]);
    expect(files).toEqual(
      expect.arrayContaining(['CHANGELOG.md', 'LICENSE', 'README.md', 'dist/index.d.ts', 'dist/index.js']),
    );
    expect(read(path.join(installed(name), 'LICENSE'))).toBe(read(path.join(REPOSITORY, 'LICENSE')));
  });

  test('has each of its entrances, with its types', () => {
    const targets = Object.values(manifest().exports).flatMap((target) =>
      typeof target === 'string' ? [target] : [target.types, target.default],
    );
    const missing = targets.filter((target) => !existsSync(path.join(installed(name), target)));
    expect(missing, 'run `npm run build` first').toEqual([]);
  });

  test('imports only what it brings or says that it needs', () => {
    const { dependencies = {}, peerDependencies = {} } = manifest();
    const known = [name, ...Object.keys(dependencies), ...Object.keys(peerDependencies)];
    const strangers = built().flatMap((file) =>
      [...read(path.join(installed(name), file)).matchAll(IMPORTED)]
        .map(([, said, called]) => said ?? called ?? '')
        .filter((imported) => {
          if (!imported.startsWith('.')) return !isBuiltin(imported) && !known.includes(packageOf(imported));
          const target = path.join(installed(name), path.dirname(file), imported);
          return ![target, target.replace(/\.js$/, '.d.ts')].some((candidate) => existsSync(candidate));
        })
        .map((imported) => `${file} imports ${imported}`),
    );
    expect(strangers).toEqual([]);
  });

  test('names no place of the machine that it was built on', () => {
    const telling = filesOf(name).filter((file) => {
      const text = read(path.join(installed(name), file));
      return text.includes(REPOSITORY) || /file:\/\/\/(home|root|tmp)|sourceMappingURL=/.test(text);
    });
    expect(telling).toEqual([]);
  });

  test('is found by Node under each of its names', () => {
    const names = Object.keys(manifest().exports).map((entrance) => path.posix.join(name, entrance));
    const script = `for (const name of ${JSON.stringify(names)}) console.log(import.meta.resolve(name));`;
    const found = execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd: application });
    const files = found.toString().trim().split('\n');
    expect(files.filter((file) => !existsSync(fileURLToPath(file)))).toEqual([]);
    expect(files).toHaveLength(names.length);
  });
});

test('the client runs from there, without the checkout and without the official SDK until it talks', () => {
  const script = `
    import { LimiAIClient } from '@limi-ai/client';
    import { FakePlatform } from '@limi-ai/client/testing';
    const voice = new LimiAIClient('/api', { platform: new FakePlatform() }).createVoiceSession();
    await voice.connect();
    console.log(voice.connectionState.status);`;
  const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd: application });
  expect(said.toString()).toBe('connected\n');
});

test('make packages packs every package, those before others that others need', () => {
  const script = read(path.join(REPOSITORY, 'scripts/packages.sh'));
  const names = (/for name in ([a-z -]+);/.exec(script)?.[1] ?? '')
    .split(' ')
    .map((name) => `@limi-ai/${name}`);
  expect([...names].sort()).toEqual(PACKAGES.map(([name]) => name).sort());
  for (const [name, folder] of PACKAGES) {
    const { dependencies = {} } = JSON.parse(read(path.join(folder, 'package.json'))) as Manifest;
    const needed = Object.keys(dependencies).filter((other) => names.includes(other));
    for (const other of needed) expect(names.indexOf(other)).toBeLessThan(names.indexOf(name));
  }
});

/** `@scope/name` of `@scope/name/part`. */
function packageOf(imported: string): string {
  return imported
    .split('/')
    .slice(0, imported.startsWith('@') ? 2 : 1)
    .join('/');
}
