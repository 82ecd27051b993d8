import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import pg from 'pg';
import ts from 'typescript';
import { createDatabase, type TestDatabase } from '../support/database.js';

const root = resolve(__dirname, '../..');
const read = (name: string): string => readFileSync(join(root, name), 'utf8');
const DOCUMENTS = ['README.md', 'docs/README.md', 'docs/guarantees.md', 'docs/life-of-a-request.md'];
const readme = read('README.md');

/** The blocks of a document in one language. */
const blocks = (text: string, language: string): string[] =>
  [...text.matchAll(/^```(\w+)\n([^]*?)^```/gm)].filter(([, found]) => found === language).map(([, , code = '']) => code);

/** What the compiler says of code blocks whose first line, a comment, names their file. They stand in a folder that is not there. */
function compile(codes: readonly string[]): string[] {
  const folder = join(root, 'test/docs/example');
  const files = new Map(codes.map((code) => [join(folder, /^\/\/ ([\w.-]+\.ts)/.exec(code)![1]!), code]));
  const config = ts.getParsedCommandLineOfConfigFile(
    join(root, 'tsconfig.specs.json'),
    {},
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined },
  )!;
  const host = ts.createCompilerHost(config.options);
  const { directoryExists, fileExists, readFile, getSourceFile } = host;
  host.directoryExists = (name) => name === folder || directoryExists!(name);
  host.fileExists = (name) => files.has(name) || fileExists(name);
  host.readFile = (name) => files.get(name) ?? readFile(name);
  host.getSourceFile = (name, target, ...rest) => {
    const code = files.get(name);
    return code === undefined ? getSourceFile(name, target, ...rest) : ts.createSourceFile(name, code, target);
  };
  const program = ts.createProgram([...files.keys()], config.options, host);
  return [...files.keys()].flatMap((name) => {
    const source = program.getSourceFile(name)!;
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return found.map(
      ({ messageText }) => `${name.slice(folder.length + 1)}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
    );
  });
}

describe('the README', () => {
  it('shows code that compiles against the libraries', () => {
    const planted = `// planted.ts\nimport { getLogger } from '@pikaia/logging';\ngetLogger('x').info('A sentence does not compile');\n`;
    const codes = blocks(readme, 'ts');
    expect(codes.length).toBeGreaterThan(8);
    expect(compile([...codes, planted])).toEqual([expect.stringMatching(/^planted\.ts: Argument of type/)]);
  });

  it('names the settings that exist', () => {
    const sources = ['apps', 'libs', 'scripts']
      .flatMap((folder) =>
        readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
      )
      .filter((name) => /\.(ts|mjs)$/.test(name) && !/node_modules|dist\//.test(name))
      .map(read)
      .join('\n');
    const named = [...readme.matchAll(/`([A-Z]+(?:_[A-Z]+)*)`/g)].map(([, name = '']) => name);
    expect(named).toContain('TRUSTED_PROXIES');
    for (const name of new Set(named)) expect(sources).toMatch(new RegExp(`\\b${name}\\b`));
  });
});

describe('the documents', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(() => database.drop());

  it('show SQL that runs', async () => {
    const client = new pg.Client({ connectionString: database.ownerUrl });
    await client.connect();
    try {
      const statements = DOCUMENTS.flatMap((name) => blocks(read(name), 'sql')).flatMap((text) => text.split(/;\s*$/m));
      const written = statements.filter((text) => /^\s*[a-z]/m.test(text.replaceAll(/^--.*$/gm, '')));
      expect(written.length).toBeGreaterThanOrEqual(3);
      for (const sql of written) await expect(client.query(sql)).resolves.toBeDefined();
      await expect(client.query('select status from events_outboxevents')).rejects.toThrow('does not exist');
    } finally {
      await client.end();
    }
  });

  it('name npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = DOCUMENTS.flatMap((name) => [...read(name).matchAll(/npm (?:run (?:-s )?)?([\w:]+)/g)]).map(
      ([, name = '']) => name,
    );
    const own = [...new Set(named)];
    expect(own).toEqual(expect.arrayContaining(['start', 'test', 'explain', 'token', 'db:url']));
    expect(own.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
  });
});
