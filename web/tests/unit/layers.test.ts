// @vitest-environment node
import { Linter } from 'eslint';
import { expect, test } from 'vitest';
import layers from '../../eslint.layers.js';

/** Says what the layers have against an import. */
function complaints(file: string, imported: string): string[] {
  const linter = new Linter();
  const language = { languageOptions: { ecmaVersion: 2022, sourceType: 'module' } } as const;
  return linter
    .verify(`import '${imported}';`, [{ files: ['**/*.ts'] }, language, ...layers], {
      filename: `web/src/${file}`,
    })
    .map((message) => message.message);
}

test.each([
  ['app/app.ts', '../features/service/index.ts'],
  ['app/app.ts', '../shared/backend.ts'],
  ['features/service/a.ts', './b.ts'],
  ['features/service/a.ts', '../../shared/backend.ts'],
  ['features/service/a.ts', '@limi-ai/react'],
  ['shared/a.ts', './b.ts'],
])('%s may use %s', (file, imported) => {
  expect(complaints(file, imported)).toEqual([]);
});

test.each([
  ['app/app.ts', '../features/service/service.ts'],
  ['features/service/a.ts', '../conversation/index.ts'],
  ['features/service/a.ts', '../../app/app.ts'],
  ['features/service/a.ts', '../../features/conversation/index.ts'],
  ['shared/a.ts', '../features/service/index.ts'],
  ['shared/a.ts', '../app/app.ts'],
])('%s may not use %s', (file, imported) => {
  expect(complaints(file, imported)).toHaveLength(1);
});
