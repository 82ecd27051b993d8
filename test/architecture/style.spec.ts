import { globSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';

const GENERATED = 'apps/console/src/api/api.types.ts';
const root = resolve(__dirname, '../..');
const MAX_LINES = 300; // files should be split at 250 lines; this is the hard limit
const SPEC_LINES = 400;
const CATCH_ALL_NAME = /(^|[.-])(utils?|helpers?|common|misc|manager)([.-]|$)/; // a catch-all name, which does not describe the content
const MAY_USE_CONSOLE = new Set(['libs/logging/src/process/process-faults.ts']); // replaces the console
const MAY_CREATE_CLIENTS = 'libs/database/src/client/isolated.client.ts'; // its subclass ignores process-wide changes to pg

const CHECK_BEFORE_CLEANUP = /^( *)after(All|Each)\(async \(\) => \{\n(\1 +.*\n)*?\1 +expect\(.*\n(\1 +.*\n)*?\1 +await /m;
const SHORT_TEST_TIMEOUT = /^ *\}, (\d{1,2}|1\d\d)_000\);$|jest\.setTimeout\((\d{1,2}|1\d\d)_000\)/m; // below that of jest.config.mjs

/** Describes each violation of the style rules in a file. */
function problemsOf(file: string, source: string): string[] {
  const isSpec = file.endsWith('.spec.ts');
  const lines = source.split('\n').length - 1;
  return [
    ...(lines > (isSpec ? SPEC_LINES : MAX_LINES) ? [`${file} has ${lines} lines`] : []),
    ...(/^[a-z\d]+([.-][a-z\d]+)*\.tsx?$/.test(basename(file)) && !CATCH_ALL_NAME.test(basename(file))
      ? []
      : [`${file} is not named noun.role.ts`]),
    ...(isSpec && CHECK_BEFORE_CLEANUP.test(source)
      ? [`${file} has an afterAll that a failed check ends before it has stopped everything, so the run hangs`]
      : []),
    ...(isSpec && SHORT_TEST_TIMEOUT.test(source) ? [`${file} has a test timeout that a busy machine exceeds`] : []),
    ...(!isSpec && !MAY_USE_CONSOLE.has(file) && /^[^'`/*]*\bconsole\./m.test(source) ? [`${file} prints past the log`] : []),
    ...(!isSpec &&
    !file.startsWith('test/') &&
    file !== MAY_CREATE_CLIENTS &&
    /\bnew (pg\.)?(Client|Pool)\(|extends pg\./.test(source)
      ? [`${file} connects without IsolatedClient`]
      : []),
  ];
}

describe('the style rules', () => {
  it('hold for every source file', () => {
    const files = globSync(['{apps,libs}/*/src/**/*.{ts,tsx}', 'test/**/*.ts'], {
      cwd: root,
      exclude: [GENERATED, '**/node_modules/**'],
    });
    expect(files.length).toBeGreaterThan(200);
    expect(files.flatMap((file) => problemsOf(file, readFileSync(join(root, file), 'utf8')))).toEqual([]);
  });

  it.each([
    ['a long file', 'libs/core/src/long.ts', '\n'.repeat(MAX_LINES + 1)],
    ['a file with a catch-all name', 'libs/core/src/date.utils.ts', ''],
    ['a file name with a capital letter', 'libs/core/src/Clock.ts', ''],
    ['a line that bypasses the logger', 'apps/api/src/planted.ts', '  console.log(1);'],
    [
      'a pg client whose values depend on the type parsers of the application',
      'libs/events/src/planted.ts',
      'const c = new pg.Client({});',
    ],
    ['a pool of such clients', 'apps/api/src/planted.ts', "import { Pool } from 'pg';\nconst pool = new Pool();"],
    ['a class that extends such a client', 'libs/audit/src/planted.ts', 'class Planted extends pg.Client {}'],
    ['a hook with a short timeout', 'test/e2e/planted.spec.ts', 'beforeAll(async () => {\n}, 60_000);\n'],
    ['a spec with a short timeout', 'test/e2e/planted.spec.ts', `jest.setTimeout(${'120_000'});`],
    [
      'a spec that checks before it stops its processes',
      'test/e2e/planted.spec.ts',
      'afterAll(async () => {\n  expect(system.lines).toEqual([]);\n  await system.stop();\n});',
    ],
  ])('the check reports %s', (_, file, source) => {
    expect(problemsOf(file, source)).toHaveLength(1);
  });
});
