import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const root = resolve(__dirname, '../..');
const documents = [
  ...globSync(['*.md', 'infra/*.md', 'bench/*.md', 'libs/*/*.md'], { cwd: root }),
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).map((name) => `docs/${name}`),
]
  .filter((name) => name.endsWith('.md'))
  .map((name) => ({ name, text: readFileSync(join(root, name), 'utf8') }));

/** Describes each broken link of a document: missing files and headings, and identifiers that their file does not contain. */
function brokenLinks(name: string, text: string): string[] {
  const prose = text.replace(/^```[^]*?^```/gm, '');
  const broken: string[] = [];
  for (const [, label = '', target = ''] of prose.matchAll(/\[([^\]]+)\]\(([^)\s]+)\)/g)) {
    if (/^https?:/.test(target)) continue;
    const [path = '', heading] = target.split('#');
    const file = path === '' ? join(root, name) : resolve(root, dirname(name), path);
    if (!existsSync(file)) {
      broken.push(`${target}: there is no such file`);
      continue;
    }
    if (heading !== undefined && !headings(readFileSync(file, 'utf8')).includes(heading))
      broken.push(`${target}: no such heading`);
    const identifier = /^`([\w$]+)`$/.exec(label)?.[1];
    if (identifier !== undefined && !new RegExp(`\\b${identifier.replace('$', '\\$')}\\b`).test(readFileSync(file, 'utf8')))
      broken.push(`${identifier} does not occur in ${relative(root, file)}`);
  }
  return broken;
}

const headings = (text: string): string[] =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );

describe('the links in the documents', () => {
  it.each(documents.map(({ name, text }) => [name, text]))('lead to a target that exists in %s', (name, text) => {
    expect(brokenLinks(name, text)).toEqual([]);
  });

  it('the check reports a file, a heading or an identifier that does not exist', () => {
    const planted =
      '[a](nowhere.md) [`context`](errors.md#pikaia_nothing) [`publish_it`](../libs/core/src/index.ts) [b](https://x.y)';
    expect(brokenLinks('docs/planted.md', planted)).toEqual([
      'nowhere.md: there is no such file',
      'errors.md#pikaia_nothing: no such heading',
      'publish_it does not occur in libs/core/src/index.ts',
    ]);
  });

  it('reach every document from the README', () => {
    const reached = new Set(['README.md']);
    for (const name of reached) {
      for (const [, target = ''] of readFileSync(join(root, name), 'utf8').matchAll(/\]\(([^)#\s]+\.md)[^)]*\)/g)) {
        if (!/^https?:/.test(target)) reached.add(relative(root, resolve(root, dirname(name), target)));
      }
    }
    expect([...reached].sort()).toEqual(expect.arrayContaining(documents.map(({ name }) => name).sort()));
  });
});

describe('docs/life-of-a-request.md', () => {
  const text = readFileSync(join(root, 'docs/life-of-a-request.md'), 'utf8');

  it('numbers its steps without a gap', () => {
    const numbers = [...text.matchAll(/^(\d+)\. /gm)].map(([, number]) => Number(number));
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  });

  it('names only log events and tables that exist', () => {
    const code = ['apps', 'libs']
      .flatMap((folder) =>
        readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(root, folder, name)),
      )
      .filter((name) => /\/src\/.*\.ts$/.test(name) && !/node_modules|\.spec\.ts$/.test(name))
      .map((name) => readFileSync(name, 'utf8'))
      .join('\n');
    const left = [...text.matchAll(/_(?:That l|L)eaves[^]*?_(?=\s|$)/g)].flatMap(([passage]) => [
      ...passage.matchAll(/(?<!\[)`([a-z_.]+)`/g),
    ]);
    expect(left.length).toBeGreaterThan(15);
    for (const [, name = ''] of left) expect(code).toContain(name);
  });
});
