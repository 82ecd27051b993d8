import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const root = resolve(__dirname, '../..');
const run = promisify(execFile);

interface Rule {
  readonly name: string;
  readonly from: { readonly path?: string };
}

const { forbidden } = jest.requireActual<{ forbidden: Rule[] }>(join(root, '.dependency-cruiser.cjs'));
const folderOf = ({ from }: Rule): string | undefined => /^\^(libs\/\w+\/src\/[\w-]+\/)$/.exec(from.path ?? '')?.[1];
const folderRules = forbidden.flatMap((rule) => (folderOf(rule) ? [{ rule: rule.name, folder: folderOf(rule)! }] : []));

/** One violation of each rule, with the file that breaks it and its source. */
const PLANTED: readonly { rule: string; file: string; source: string }[] = [
  ...folderRules.map(({ rule, folder }) => ({
    rule,
    file: `${folder}planted-folder-import.ts`,
    source: "import '../planted/target.js';",
  })),
  { rule: 'core-imports-only-what-is-below', file: 'libs/core/src/planted.ts', source: "import '@pikaia/logging';" },
  { rule: 'logging-imports-only-what-is-below', file: 'libs/logging/src/planted.ts', source: "import '@pikaia/database';" },
  { rule: 'database-imports-only-what-is-below', file: 'libs/database/src/planted.ts', source: "import '@pikaia/events';" },
  { rule: 'events-imports-only-what-is-below', file: 'libs/events/src/planted.ts', source: "import '@pikaia/audit';" },
  { rule: 'audit-imports-only-what-is-below', file: 'libs/audit/src/planted.ts', source: "import '@pikaia/events';" },
  { rule: 'contracts-imports-only-what-is-below', file: 'libs/contracts/src/planted.ts', source: "import '@pikaia/logging';" },
  {
    rule: 'notifications-imports-only-what-is-below',
    file: 'libs/notifications/src/planted.ts',
    source: "import '@pikaia/audit';",
  },
  { rule: 'webhooks-imports-only-what-is-below', file: 'libs/webhooks/src/planted.ts', source: "import '@pikaia/reactions';" },
  { rule: 'reactions-imports-only-what-is-below', file: 'libs/reactions/src/planted.ts', source: "import '@pikaia/audit';" },
  {
    rule: 'library-never-reaches-app',
    file: 'libs/events/src/planted-app.ts',
    source: "import '../../../apps/api/src/main.js';",
  },
  {
    rule: 'library-never-reaches-app',
    file: 'libs/events/src/planted.spec.ts',
    source: "import '../../../test/support/planted/target.js';",
  },
  {
    rule: 'library-never-reaches-app',
    file: 'libs/events/src/planted-system.spec.ts',
    source: "import '../../../test/support/system/api-database.js';",
  },
  { rule: 'app-never-imports-app', file: 'apps/api/src/planted.ts', source: "import '../../outbox-worker/src/main.js';" },
  { rule: 'console-imports-no-library', file: 'apps/console/src/planted.tsx', source: "import '@pikaia/core';" },
  { rule: 'no-deep-imports', file: 'apps/api/src/planted-deep.ts', source: "import '../../../libs/core/src/identifier.js';" },
  { rule: 'only-its-sink-knows-aws', file: 'libs/events/src/planted-aws.ts', source: "import '@aws-sdk/client-eventbridge';" },
  {
    rule: 'no-circles',
    file: 'libs/core/src/planted-circle.ts',
    source: "import { b } from './planted-circle-b.js';\nexport const a = () => b;",
  },
  { rule: 'resolvable', file: 'libs/core/src/planted-lost.ts', source: "import './there-is-no-such-file.js';" },
];
const TARGETS = [
  ...[...new Set(folderRules.map(({ folder }) => folder.split('/').slice(0, 3).join('/')))].map((source) => ({
    file: `${source}/planted/target.ts`,
    source: 'export const target = 1;',
  })),
  { file: 'test/support/planted/target.ts', source: "import '../../../apps/api/src/main.js';" },
  { file: 'libs/core/src/planted-circle-b.ts', source: "import { a } from './planted-circle.js';\nexport const b = () => a;" },
  ...['client-eventbridge', 'client-sesv2', 'client-secrets-manager', 'client-sqs'].flatMap((name) => [
    { file: `node_modules/@aws-sdk/${name}/index.js`, source: 'export {};' },
    {
      file: `node_modules/@aws-sdk/${name}/package.json`,
      source: `{"name":"@aws-sdk/${name}","type":"module","main":"index.js"}`,
    },
  ]),
];

describe('package boundaries', () => {
  let copy: string;
  let violations: { from: string; rule: { name: string }; cycle?: { name: string }[] }[];

  beforeAll(async () => {
    copy = mkdtempSync(join(tmpdir(), 'pikaia-boundaries-'));
    copySources(copy);
    for (const { file, source } of [...PLANTED, ...TARGETS]) {
      mkdirSync(dirname(join(copy, file)), { recursive: true });
      writeFileSync(join(copy, file), source);
    }
    const cruiser = join(root, 'node_modules/.bin/depcruise');
    const report = join(copy, 'report.json'); // a file, because a pipe loses output if the process exits before the pipe is drained
    await run(
      process.execPath,
      [
        cruiser,
        '--config',
        '.dependency-cruiser.cjs',
        '--output-type',
        'json',
        '--output-to',
        report,
        'apps/*/src',
        'libs/*/src',
      ],
      { cwd: copy },
    ).catch((error: { code?: unknown; stderr?: string }) => {
      // The exit code is the number of violations. A missing report means another failure.
      if (!existsSync(report)) throw new Error(`dependency-cruiser ended with ${String(error.code)}: ${error.stderr}`);
    });
    const { summary } = JSON.parse(readFileSync(report, 'utf8')) as { summary: { violations: typeof violations } };
    ({ violations } = summary);
  });

  afterAll(() => rmSync(copy, { recursive: true, force: true }));

  it.each(PLANTED)('the check reports that $file breaks the rule $rule', ({ rule, file }) => {
    const seen = violations.filter(({ from, cycle = [] }) => from === file || cycle.some(({ name }) => name === file));
    expect(seen.map(({ rule: { name } }) => name)).toContain(rule);
  });

  it('every rule has a planted violation that breaks it', () => {
    expect(new Set(PLANTED.map(({ rule }) => rule))).toEqual(new Set(forbidden.map(({ name }) => name)));
  });

  it('every folder of a library that has folder rules has a rule', () => {
    const ruled = new Set(folderRules.map(({ folder }) => folder));
    const libraries = new Set([...ruled].map((folder) => folder.split('/').slice(0, 3).join('/')));
    const folders = [...libraries].flatMap((source) =>
      readdirSync(join(root, source), { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => `${source}/${name}/`),
    );
    expect([...ruled].sort()).toEqual(folders.sort());
  });

  it('the check reports no violation besides the planted ones', () => {
    const planted = new Set([...PLANTED, ...TARGETS].map(({ file }) => file));
    expect(violations.filter(({ from }) => !planted.has(from)).map(({ from, rule }) => `${rule.name}: ${from}`)).toEqual([]);
  });
});

/** Copies the sources and links the installed packages. The workspaces link to the copy. */
function copySources(to: string): void {
  for (const folder of ['apps', 'libs', 'scripts', 'test/support']) {
    cpSync(join(root, folder), join(to, folder), { recursive: true, filter: (path) => !/[\\/](dist|node_modules)$/.test(path) });
  }
  for (const file of ['.dependency-cruiser.cjs', 'package.json', 'tsconfig.base.json']) cpSync(join(root, file), join(to, file));
  const modules = join(root, 'node_modules');
  mkdirSync(join(to, 'node_modules/@pikaia'), { recursive: true });
  for (const name of readdirSync(modules)) {
    if (!['@pikaia', '@aws-sdk'].includes(name)) symlinkSync(join(modules, name), join(to, 'node_modules', name));
  }
  for (const folder of ['apps', 'libs']) {
    for (const name of readdirSync(join(to, folder))) symlinkSync(join(to, folder, name), join(to, 'node_modules/@pikaia', name));
  }
}
