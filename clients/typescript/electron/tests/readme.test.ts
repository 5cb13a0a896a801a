import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '..');
const FOLDER = path.join(ROOT, 'output/readme');

/** Writes each example of the README into a file of its own. */
function examples(): string[] {
  const readme = readFileSync(path.join(ROOT, 'README.md'), 'utf8');
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  return [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, code = ''], index) => {
    const file = path.join(FOLDER, `example-${String(index)}.ts`);
    writeFileSync(file, code);
    return file;
  });
}

test('the README’s examples are right', () => {
  const { config } = ts.readConfigFile(path.join(ROOT, 'tsconfig.json'), (name) => ts.sys.readFile(name)) as {
    config: { compilerOptions: { paths: object } };
  };
  config.compilerOptions.paths = {
    ...config.compilerOptions.paths,
    '@limi-ai/electron': ['./src/index.ts'],
    '@limi-ai/electron/preload': ['./src/preload.ts'],
    '@limi-ai/electron/renderer': ['./src/renderer.ts'],
  };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  const files = examples();
  const problems = ts.getPreEmitDiagnostics(ts.createProgram(files, options));
  expect(problems.map((problem) => ts.flattenDiagnosticMessageText(problem.messageText, '\n'))).toEqual([]);
  expect(files).toHaveLength(3);
}, 60_000);
