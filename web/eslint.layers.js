/**
 * The page's layers: `app` may use `features` and `shared`, a feature may use `shared`, `shared` may use neither; and
 * a feature is used by what its `index.ts` exports, so features cannot come to know each other.
 */
function forbid(folder, regex, message) {
  const rule = ['error', { patterns: [{ regex, message }] }];
  return { files: [`web/src/${folder}/**`], rules: { 'no-restricted-imports': rule } };
}

export default [
  forbid('app', '/features/[^/]+/(?!index\\.ts$)', 'A feature is used through its index.ts.'),
  forbid('features', '^\\.\\./(?!\\.\\./shared/)', 'A feature knows only itself and shared.'),
  forbid('shared', '^\\.\\./', 'What is shared knows neither features nor app.'),
];
