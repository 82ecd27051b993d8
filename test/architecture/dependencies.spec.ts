import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

const root = resolve(__dirname, '../..');
const document = readFileSync(join(root, 'docs/dependencies.md'), 'utf8');
const KINDS = ['dependencies', 'devDependencies', 'optionalDependencies'] as const;

// Packages without an import: peer dependencies of Nest, TypeORM, nestjs-pino and Pikaia, and the reader of decorator metadata.
const PEERS = [
  '@aws-sdk/client-eventbridge',
  '@nestjs/common',
  '@nestjs/core',
  'class-transformer',
  'pg',
  'pino-http',
  'reflect-metadata',
  'rxjs',
];

type Manifest = { readonly [kind in (typeof KINDS)[number]]?: Readonly<Record<string, string>> };

interface Declared {
  readonly name: string;
  readonly workspace: string;
  readonly version: string;
}

const declared: Declared[] = globSync(['package.json', '{apps,libs}/*/package.json'], { cwd: root }).flatMap((file) => {
  const manifest = JSON.parse(readFileSync(join(root, file), 'utf8')) as Manifest;
  const workspace = file === 'package.json' ? 'root' : basename(dirname(file));
  return KINDS.flatMap((kind) => Object.entries(manifest[kind] ?? {})).map(([name, version]) => ({ name, version, workspace }));
});
const foreign = declared.filter(({ name }) => !name.startsWith('@pikaia/'));

function explained(text: string): { name: string; workspace: string }[] {
  const lines = [...text.matchAll(/^- \*\*(\S+)\*\* \(([\w, -]+)\): .{20,}\.$/gm)];
  return lines.flatMap(([, name, workspaces]) => workspaces!.split(', ').map((workspace) => ({ name: name!, workspace })));
}

const asText = (list: readonly { name: string; workspace: string }[]) =>
  list.map(({ name, workspace }) => `${name} in ${workspace}`).sort();

describe('docs/dependencies.md', () => {
  it('gives a reason for each dependency of each workspace, and lists no other dependency', () => {
    expect(asText(explained(document))).toEqual(asText(foreign));
  });

  it.each([
    ['a dependency without a line', document.replace(/^- \*\*jose\*\*.*\n/m, '')],
    ['a dependency without a reason', document.replace(/^(- \*\*jose\*\* \(.*?\): ).*$/m, '$1nice.')],
    ['a dependency that no workspace declares', `${document}- **left-pad** (api): pads a text on its left side.\n`],
    ['a workspace that does not declare the dependency', document.replace('**jose** (', '**jose** (core, ')],
  ])('the check reports %s', (_, text) => {
    expect(text).not.toBe(document);
    expect(asText(explained(text))).not.toEqual(asText(foreign));
  });
});

describe('dependencies', () => {
  it('have exact versions, which are the same in every workspace', () => {
    expect(foreign.filter(({ version }) => !/^(npm:[\w-]+@)?\d+\.\d+\.\d+[\w.-]*$/.test(version))).toEqual([]);
    const versions = new Map<string, Set<string>>();
    for (const { name, version } of foreign) versions.set(name, (versions.get(name) ?? new Set()).add(version));
    expect([...versions].filter(([, all]) => all.size > 1).map(([name]) => name)).toEqual([]);
  });

  it('are imported only where they are declared, or are a peer dependency of a declared one', () => {
    const unused = declared.filter(({ name, workspace }) => {
      if (workspace === 'root' || PEERS.includes(name)) return false;
      const sources = globSync(`{apps,libs}/${workspace}/src/**/*.{ts,tsx}`, { cwd: root });
      return !sources.some((file) => importsOf(readFileSync(join(root, file), 'utf8')).has(name));
    });
    expect(asText(unused)).toEqual([]);
    expect(importsOf("import a from 'a/b.js';\nimport type { C } from '@c/d/e';\nimport 'f';")).toEqual(
      new Set(['a', '@c/d', 'f']),
    );
  });
});

function importsOf(source: string): Set<string> {
  const imported = source.matchAll(/^(?:import|export|\}).*?'((?:@[^/']+\/)?[^./'][^/']*)[^']*';$/gm);
  return new Set([...imported].map(([, name]) => name!));
}
