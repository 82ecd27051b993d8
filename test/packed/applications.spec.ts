import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { createDatabase, ROLE_PASSWORDS, type TestDatabase } from '../support/database/database.js';
import { APPLICATIONS, type Application } from './applications.js';
import { Installation, packLibraries, versionOf, type LogRecord, type PackedLibraries } from './installation.js';

const LIMIT_MS = 480_000; // the registry can be slow
const SOURCES = join(__dirname, 'application');
const LIBRARIES = ['core', 'logging', 'database', 'events', 'audit'];

interface Outcome {
  readonly compiled: readonly string[];
  readonly tested: { readonly status: number; readonly output: string };
  readonly copies: readonly string[];
}

let packed: PackedLibraries;
const outcomes = new Map<Application, Promise<Outcome>>();
let single: Promise<readonly LogRecord[]>;
const opened: (Installation | TestDatabase)[] = [];
const nodes = new Map<string, Promise<string>>();

beforeAll(async () => {
  packed = await packLibraries(LIBRARIES);
  for (const application of APPLICATIONS) {
    const outcome = test(application);
    outcome.catch(() => undefined); // its test reports the error
    outcomes.set(application, outcome);
  }
}, LIMIT_MS);
afterAll(async () => {
  await Promise.allSettled(outcomes.values());
  await Promise.all(opened.map((each) => ('drop' in each ? each.drop() : each.remove())));
  packed?.remove();
});

/** Returns the path of a Node of this version. Each version is installed once, because it has more than 100 MB. */
function nodeOf(version: string): Promise<string> {
  if (version === versionOf('node')) return Promise.resolve(process.execPath);
  const known = nodes.get(version);
  if (known) return known;
  const installed = Installation.of({ tarballs: [] }, [`node@${version}`]).then((installation) => {
    opened.push(installation);
    return join(installation.folder, 'node_modules/.bin/node');
  });
  nodes.set(version, installed);
  return installed;
}

/** Installs, compiles and tests an application. */
async function test(application: Application): Promise<Outcome> {
  const { type, moduleResolution, adapter, mount, packages, node } = application;
  const names = Object.entries(packages).map(([name, version]) => `${name}@${version}`);
  const [installation, database, program] = await Promise.all([
    Installation.of(packed, names, { type }),
    createDatabase({ empty: true }),
    nodeOf(node),
  ]);
  opened.push(installation, database);
  const source = join(installation.folder, 'src');
  mkdirSync(source);
  copyFileSync(join(SOURCES, 'shop.ts'), join(source, 'shop.ts'));
  copyFileSync(join(SOURCES, 'shop.checks.ts'), join(source, 'shop.spec.ts'));
  copyFileSync(join(SOURCES, 'untyped.d.ts'), join(source, 'untyped.d.ts'));
  writeFileSync(
    join(source, 'variant.ts'),
    `import { ${adapter}Adapter } from '@nestjs/platform-${adapter.toLowerCase()}';
export const createAdapter = () => new ${adapter}Adapter();
export const mount = ${JSON.stringify(mount)};`,
  );
  const classic = { module: 'commonjs', moduleResolution: 'node10', ignoreDeprecations: '6.0' };
  const compiled = await installation.build({
    ...(moduleResolution === 'node10' ? classic : { module: 'nodenext', moduleResolution }),
    emitDecoratorMetadata: true,
    experimentalDecorators: true,
    useDefineForClassFields: false,
  });
  const [script, ...args] = application.test.map((arg) => (/^(vitest|jest)\//.test(arg) ? join('node_modules', arg) : arg));
  const tested = await installation.command(program, [script!, ...args], {
    OWNER_DATABASE_URL: database.ownerUrl,
    DATABASE_URL: database.workerUrl,
    API_PASSWORD: ROLE_PASSWORDS.api,
    WORKER_PASSWORD: ROLE_PASSWORDS.worker,
    LOG_LEVEL: 'critical',
  });
  if (type === 'module') single = runSingleInstance(installation);
  const copies = ['@nestjs/common', 'nestjs-cls', 'typeorm', 'class-validator'].flatMap((name) =>
    installation.files(`**/node_modules/${name}`),
  );
  return { compiled, tested, copies };
}

it.each(APPLICATIONS.map((application) => [application.title, application] as const))(
  'an application on %s compiles, publishes, records, consumes and tests',
  async (_, application) => {
    const { compiled, tested, copies } = await outcomes.get(application)!;
    expect(compiled).toEqual([]);
    expect([tested.status, stripVTControlCharacters(tested.output)]).toEqual([0, expect.stringMatching(/Tests:? +5 passed/)]);
    expect(copies).toEqual([]); // one copy of each peer, that of the application
  },
  LIMIT_MS,
);

/** Runs the program that loads each entry point with import and with require. */
async function runSingleInstance(installation: Installation): Promise<readonly LogRecord[]> {
  const database = await createDatabase();
  opened.push(database);
  copyFileSync(join(SOURCES, 'single-instance.mjs'), join(installation.folder, 'single-instance.mjs'));
  const program = installation.run('single-instance.mjs', { DATABASE_URL: database.apiUrl });
  await program.exited;
  return program.lines;
}

it('an application that loads the libraries with import and with require has one instance of each export', async () => {
  await outcomes.get(APPLICATIONS.find(({ type }) => type === 'module')!);
  expect(await single).toEqual([
    {
      different: [],
      inTransaction: true,
      actor: 'shop',
      isPikaiaError: [true, true, 'PIKAIA_EVENT_OUTSIDE_TRANSACTION'],
      loggers: ['object', 'object', 'object', 'object'],
    },
  ]);
});

it('the four applications together meet each version that the libraries declare for their peers', () => {
  const peers = new Map<string, Set<string>>();
  for (const name of LIBRARIES) {
    const { peerDependencies = {} } = JSON.parse(readFileSync(join(__dirname, '../../libs', name, 'package.json'), 'utf8')) as {
      peerDependencies?: Record<string, string>;
    };
    for (const [peer, range] of Object.entries(peerDependencies)) {
      if (!range.includes('||')) continue;
      for (const version of range.split(' || ')) peers.set(peer, (peers.get(peer) ?? new Set()).add(line(version.slice(1))));
    }
  }
  const met = [...peers].map(
    ([peer]) => [peer, new Set(APPLICATIONS.map(({ packages }) => line(packages[peer] ?? '')))] as const,
  );
  expect(peers.size).toBeGreaterThan(3);
  for (const [peer, lines] of met) expect([peer, [...lines].sort()]).toEqual([peer, [...peers.get(peer)!].sort()]);
});

/** The part of a version below which a package changes incompatibly: `12`, or `0.14`. */
const line = (version: string): string => /^(0\.\d+|\d+)/.exec(version)?.[0] ?? '';
