import eslint from '@eslint/js';
import { defineConfig } from 'eslint/config';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';
import webLayers from './web/eslint.layers.js';

/** What the language itself brings; everything else of the world comes to the core through its `Platform`. */
const LANGUAGE_ONLY = {
  files: ['clients/typescript/core/src/**/*.ts'],
  ignores: ['clients/typescript/core/src/platforms/**'],
  languageOptions: { parserOptions: { lib: ['es2022'] } },
  rules: { 'no-undef': 'error' },
};

export default defineConfig(
  {
    ignores: [
      '**/node_modules/',
      '**/dist/',
      '**/output/',
      '**/*.generated.ts',
      '.venv/',
      'conformance/',
      'docs/',
      'src/',
      'benchmarks/',
      'examples/react-native/',
    ],
  },
  eslint.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: { allowDefaultProject: ['*.js'] } } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      // Numbers read well inside a message.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // A member that is only known by an index signature is marked as such, as the compiler can be told to demand.
      '@typescript-eslint/dot-notation': ['error', { allowIndexSignaturePropertyAccess: true }],
    },
  },
  LANGUAGE_ONLY,
  {
    files: ['clients/typescript/react/{src,tests}/**', '{web,examples/react}/src/**'],
    extends: [reactHooks.configs.flat['recommended-latest']],
  },
  webLayers,
  { files: ['**/*.js', '**/*.mjs', '**/*.cjs'], extends: [tseslint.configs.disableTypeChecked] },
  // The compiler reads these programs, and knows what browsers and Node bring.
  { files: ['examples/{html,node}/*.{js,mjs}'], rules: { 'no-undef': 'off' } },
  {
    files: ['examples/webhooks/node/*.js'],
    languageOptions: { globals: { Buffer: 'readonly', console: 'readonly', process: 'readonly' } },
  },
);
