import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';

const root = resolve(__dirname, '../..');
const LIST = 'test/architecture/exports.json';

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, { readonly 'pikaia-source': string }>>;
}

/** The exported source files of a library, by their import names. */
function entryPoints(): Map<string, string> {
  return new Map(
    globSync('libs/*/package.json', { cwd: root }).flatMap((file) => {
      const { name, exports } = JSON.parse(readFileSync(join(root, file), 'utf8')) as Manifest;
      return Object.entries(exports).map(([path, { 'pikaia-source': source }]): [string, string] => [
        join(name, path),
        join(root, file, '..', source),
      ]);
    }),
  );
}

/** The exported names of each entry point, sorted. */
function exportedNames(entries: ReadonlyMap<string, string>): Record<string, string[]> {
  const { options } = ts.getParsedCommandLineOfConfigFile(
    join(root, 'tsconfig.specs.json'),
    {},
    {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: () => undefined,
    },
  )!;
  const program = ts.createProgram([...entries.values()], options);
  const checker = program.getTypeChecker();
  return Object.fromEntries(
    [...entries].sort().map(([name, file]) => {
      const module = checker.getSymbolAtLocation(program.getSourceFile(file)!)!;
      return [
        name,
        checker
          .getExportsOfModule(module)
          .map((symbol) => symbol.name)
          .sort(),
      ];
    }),
  );
}

describe('the public API of the libraries', () => {
  it(`matches the list in ${LIST}, so an export cannot appear or disappear unnoticed`, () => {
    expect(exportedNames(entryPoints())).toEqual(JSON.parse(readFileSync(join(root, LIST), 'utf8')));
  });
});
