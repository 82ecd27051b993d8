import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(__dirname, '../..');
const document = readFileSync(join(root, 'docs/errors.md'), 'utf8');
const SOURCES = ['apps/*/src/**/*.ts', 'libs/*/src/**/*.ts', 'scripts/**/*.{ts,mjs}'];

/** The error codes that sources throw, catch or name in a comment, without environment variables, which have the same form. */
function codesIn(source: string): string[] {
  const withoutVariables = source.replaceAll(/(@Setting\(|env(ironment)?\[|\benv\.)\s*'?PIKAIA_[A-Z_]+/g, '');
  return [...withoutVariables.matchAll(/['"`](PIKAIA_[A-Z_]+)['"`]/g)].map(([, code]) => code!);
}

interface Section {
  readonly code: string;
  readonly body: string;
}

function sectionsOf(text: string): Section[] {
  return text
    .split(/^## /m)
    .slice(1)
    .map((section) => ({ code: section.split('\n', 1)[0]!.trim(), body: section.slice(section.indexOf('\n')) }));
}

function problemsOf(used: ReadonlySet<string>, sections: readonly Section[]): string[] {
  const documented = sections.map(({ code }) => code);
  return [
    ...[...used].filter((code) => !documented.includes(code)).map((code) => `${code} is not documented`),
    ...documented.filter((code) => !used.has(code)).map((code) => `${code} is in no source`),
    ...documented.filter((code, at) => at > 0 && code <= documented[at - 1]!).map((code) => `${code} is out of order`),
    ...sections.filter(({ body }) => !/^Cause: .+^Cure: ./ms.test(body)).map(({ code }) => `${code} lacks cause or cure`),
  ];
}

const used = new Set(
  globSync(SOURCES, { cwd: root, exclude: (path) => path.endsWith('.spec.ts') }).flatMap((file) =>
    codesIn(readFileSync(join(root, file), 'utf8')),
  ),
);

describe('docs/errors.md', () => {
  it('explains the cause and the fix of every error code in the sources, and of no other code', () => {
    expect(used.size).toBeGreaterThan(20);
    expect(problemsOf(used, sectionsOf(document))).toEqual([]);
  });

  it.each([
    ['a code that is not documented', [...used, 'PIKAIA_PLANTED'], document, 'PIKAIA_PLANTED is not documented'],
    [
      'a section without a code',
      [...used],
      `${document}\n## PIKAIA_ZOMBIE\n\nCause: x.\nCure: y.\n`,
      'PIKAIA_ZOMBIE is in no source',
    ],
    ['a section without a fix', [...used], document.replace('\nCure: ', '\n'), 'lacks cause or cure'],
    ['sections out of order', [...used], document.replace('## PIKAIA_AUDIT_ACTION_INVALID', '## PIKAIA_ZZZ'), 'out of order'],
  ])('the check reports %s', (_, codes, text, problem) => {
    expect(problemsOf(new Set(codes), sectionsOf(text))).toContainEqual(expect.stringContaining(problem));
  });

  it('the check distinguishes error codes from environment variables', () => {
    const source = `throw new PikaiaError('PIKAIA_A', x); @Setting('PIKAIA_VAR', {}); process.env['PIKAIA_B']; /** \`PIKAIA_C\`. */`;
    expect(codesIn(source)).toEqual(['PIKAIA_A', 'PIKAIA_C']);
  });
});
