import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { mount } from '@vue/test-utils';
import { beforeAll, expect, test } from 'vitest';
import type { Component } from 'vue';

const ROOT = path.resolve(import.meta.dirname, '..');
const FOLDER = path.join(ROOT, 'output/readme');
/** The compiler starts from nothing, on a machine that may be busy. */
const COMPILING_MS = 120_000;
const EXAMPLE = /```(vue|ts)\n(.*?)```/gs;

const files: string[] = [];

beforeAll(() => {
  const readme = readFileSync(path.join(ROOT, 'README.md'), 'utf8');
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  for (const [, kind = '', code = ''] of readme.matchAll(EXAMPLE)) {
    const file = path.join(FOLDER, `example-${String(files.length)}.${kind}`);
    writeFileSync(file, code);
    files.push(file);
  }
});

test('the README’s component runs', async () => {
  const [first = ''] = files;
  const { default: Example } = (await import(/* @vite-ignore */ first)) as { default: Component };
  const wrapper = mount(Example);
  expect(wrapper.text()).toContain('disconnected');
  expect(wrapper.get('button').text()).toBe('Connect Voice');
});

test('the README’s examples are right', { timeout: COMPILING_MS }, () => {
  const configuration = {
    extends: '../../tsconfig.json',
    compilerOptions: {
      // An excerpt may name what it goes on to use.
      noUnusedLocals: false,
      paths: {
        '@limi-ai/vue': ['../../src/index.ts'],
        '@limi-ai/client': ['../../../core/src/index.ts'],
      },
    },
    vueCompilerOptions: { strictTemplates: true },
    include: ['.'],
  };
  writeFileSync(path.join(FOLDER, 'tsconfig.json'), JSON.stringify(configuration));
  const compiler = createRequire(import.meta.url).resolve('vue-tsc/bin/vue-tsc.js');
  const { stdout } = spawnSync(process.execPath, [compiler, '-p', FOLDER], { encoding: 'utf8' });
  expect(stdout).toBe('');
  expect(files).toHaveLength(2);
});
