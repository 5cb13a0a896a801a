import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '..');
const FOLDER = path.join(ROOT, 'output/readme');
const EXAMPLE = path.resolve(ROOT, '../../../examples/react-native');

/** Writes each example of the README into a file of its own. */
function examples(): string[] {
  const readme = readFileSync(path.join(ROOT, 'README.md'), 'utf8');
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  return [...readme.matchAll(/```tsx?\n(.*?)```/gs)].map(([, code = ''], index) => {
    const file = path.join(FOLDER, `example-${String(index)}.tsx`);
    writeFileSync(file, code);
    return file;
  });
}

/** What the compiler says of these files, with the package's sources and what is known of React Native here. */
function problemsOf(files: readonly string[]): string[] {
  const { config } = ts.readConfigFile(path.join(ROOT, 'tsconfig.json'), (name) => ts.sys.readFile(name)) as {
    config: { compilerOptions: { paths: object } };
  };
  config.compilerOptions.paths = {
    ...config.compilerOptions.paths,
    '@limi-ai/react-native': ['./src/index.ts'],
  };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  const known = ['src/native.d.ts', 'tests/components.d.ts'].map((name) => path.join(ROOT, name));
  const problems = ts.getPreEmitDiagnostics(ts.createProgram([...files, ...known], options));
  return problems.map((problem) => ts.flattenDiagnosticMessageText(problem.messageText, '\n'));
}

test('the README’s examples are right', () => {
  const files = examples();
  expect(problemsOf(files)).toEqual([]);
  expect(files).toHaveLength(2);
}, 60_000);

test('the application in examples/react-native is right', () => {
  // Copied, because its own tree need not be there, and is not to be looked into when it is.
  const folder = path.join(ROOT, 'output/example');
  mkdirSync(folder, { recursive: true });
  const files = ['App.tsx', 'index.ts'].map((name) => {
    copyFileSync(path.join(EXAMPLE, name), path.join(folder, name));
    return path.join(folder, name);
  });
  expect(problemsOf(files)).toEqual([]);
}, 60_000);
