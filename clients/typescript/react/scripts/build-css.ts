/**
 * Compiles `src/ui/styles.css` into `dist/ui.css`.
 *
 * Tailwind's helper variables are renamed, because it registers them with `@property` for the whole page: beside
 * another version of Tailwind there must be no doubt whose they are.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { compile, optimize } from '@tailwindcss/node';
import { Scanner } from '@tailwindcss/oxide';

const ROOT = path.resolve(import.meta.dirname, '..');
const SOURCE = path.join(ROOT, 'src/ui/styles.css');
const OUTPUT = path.join(ROOT, 'dist/ui.css');

export async function compileStyles(): Promise<string> {
  const compiler = await compile(readFileSync(SOURCE, 'utf8'), {
    base: path.dirname(SOURCE),
    from: SOURCE,
    onDependency: () => undefined,
  });
  const classes = new Scanner({ sources: compiler.sources }).scan();
  const { code } = optimize(compiler.build(classes).replaceAll('--tw-', '--limi-tw-'), { minify: true });
  return code;
}

if (import.meta.main) {
  mkdirSync(path.dirname(OUTPUT), { recursive: true });
  writeFileSync(OUTPUT, await compileStyles());
}
