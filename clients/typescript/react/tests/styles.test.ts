// @vitest-environment node
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { transform } from 'lightningcss';
import { beforeAll, describe, expect, test } from 'vitest';
import { compileStyles } from '../scripts/build-css.ts';

const SOURCES = path.resolve(import.meta.dirname, '../src');
let css: string;

beforeAll(async () => {
  css = await compileStyles();
});

/** Walks through the rules as a browser would understand them. */
function parse(visit: Parameters<typeof transform>[0]['visitor']): void {
  transform({ filename: 'ui.css', code: Buffer.from(css), ...(visit ? { visitor: visit } : {}) });
}

describe('the compiled style', () => {
  test('has no rule for anything outside the component, but for its own variables', () => {
    const outside: string[] = [];
    parse({
      Rule: {
        style(rule) {
          const { selectors, declarations } = rule.value;
          const names = declarations.declarations.map((declaration) =>
            declaration.property === 'custom' ? declaration.value.name : declaration.property,
          );
          const onlyVariables = names.every((name) => name.startsWith('--limi-'));
          for (const selector of selectors) {
            const inside = selector.some((part) => part.type === 'class' && part.name === 'limi-voice');
            if (!inside && !onlyVariables) outside.push(JSON.stringify(selector));
          }
        },
      },
    });
    expect(outside).toEqual([]);
  });

  test('names what is the whole page’s so that nothing there has the same name', () => {
    const global = [...css.matchAll(/@(?:keyframes|property) ([\w-]+)/g)].map(([, name]) => name);
    expect(global).not.toEqual([]);
    expect(global.filter((name) => !/^(--limi-tw-|limi-voice-)/.test(name ?? ''))).toEqual([]);
    expect(css).not.toMatch(/[^-\w]--(?!limi-)/);
  });

  test('sets no fonts and loads nothing', () => {
    expect(css).not.toMatch(/@import|url\(|@font-face/);
  });

  test('has every class that the component uses', () => {
    const used = new Set<string>();
    for (const file of readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.tsx')) continue;
      const text = readFileSync(path.join(SOURCES, file), 'utf8');
      for (const [name] of text.matchAll(/limi:[^\s'"`]+(?:'[^\s'"]*'[^\s'"`]*)?/g)) used.add(name);
    }
    expect(used.size).toBeGreaterThan(50);
    const plain = css.replaceAll('\\', '');
    expect([...used].filter((name) => !plain.includes(`.${name}`))).toEqual([]);
  });
});
