import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';

const root = resolve(__dirname, '../..');
/** The schemas of the libraries, and the only folder whose SQL may use the tables and functions of each. */
const OWNERS = { outbox: 'libs/events/', audit: 'libs/audit/' };
const CREATED = /\bcreate (?:table|sequence|function|view) (\w+)\.(\w+)\b(?!%)/g;

const read = (file: string): string => readFileSync(join(root, file), 'utf8');

/** The tables, sequences and functions that the migrations of a library create in its schema. */
function objectsOf(schema: string, folder: string): string[] {
  const migrations = globSync(`${folder}src/migrations/*.sql.ts`, { cwd: root });
  return migrations.flatMap((file) => [...read(file).matchAll(CREATED)].flatMap(([, of, name]) => (of === schema ? name! : [])));
}

const RULES = Object.entries(OWNERS).map(([schema, folder]) => ({
  folder,
  objects: objectsOf(schema, folder),
  // Matches also a partition, and names in quotes.
  mention: new RegExp(`\\b${schema}"?\\s*\\.\\s*"?(?:${objectsOf(schema, folder).join('|')})(?:_\\d+)?\\b`, 'i'),
}));

/** Describes each string of a file that names a table or function of a library to which the file does not belong. */
function problemsOf(file: string, source: string): string[] {
  const foreign = RULES.filter(({ folder }) => !file.startsWith(folder));
  const problems: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node))
      for (const { mention, folder } of foreign) {
        const [found] = mention.exec(node.text) ?? [];
        if (found) problems.push(`${file} uses ${found} of ${folder}`);
      }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, source, ts.ScriptTarget.Latest));
  return problems;
}

describe('the tables of the libraries', () => {
  it('only a library itself uses its tables in SQL, not an application, a script or another library', () => {
    const files = globSync(['apps/*/src/**/*.ts', 'libs/*/src/**/*.ts', 'scripts/**/*.mjs'], { cwd: root });
    const checked = files.filter((file) => !(file.startsWith('libs/') && file.endsWith('.spec.ts')));
    expect(checked.length).toBeGreaterThan(200);
    expect(checked.flatMap((file) => problemsOf(file, read(file)))).toEqual([]);
  });

  it('the check knows the tables and functions that the migrations create', () => {
    const [outbox, audit] = RULES.map(({ objects }) => objects);
    expect(outbox).toEqual(expect.arrayContaining(['outbox_log', 'outbox_delivery', 'consumer_receipt', 'state_of']));
    expect(audit).toEqual(expect.arrayContaining(['record', 'personal', 'erase']));
  });

  it.each([
    ['a query of the outbox by an application', 'apps/api/src/planted.ts', '`select 1 from outbox.outbox_log`'],
    ['a part of a query', 'apps/api/src/planted.ts', '`select ${x} from outbox.outbox_delivery where ${y}`'],
    ['a partition with quoted names', 'apps/outbox-worker/src/planted.ts', `'select 1 from "outbox"."outbox_log_3"'`],
    ['a function of the outbox', 'scripts/planted.mjs', "'select * from outbox.state_of($1, $2, $3)'"],
    ['a query of the audit log by an application', 'apps/api/src/planted.ts', "'select 1 from audit.record'"],
    ['a query of the outbox by another library', 'libs/audit/src/planted.ts', "'truncate outbox.consumer_receipt'"],
  ])('the check reports %s', (_, file, source) => {
    expect(problemsOf(file, `const planted = ${source};`)).toHaveLength(1);
  });

  it.each([
    ['a view in schema public', 'apps/api/src/planted.ts', "const sql = 'select 1 from events_outboxevent';"],
    ['the method of the service Audit', 'apps/api/src/planted.ts', "await this.audit.record('member.invited', member);"],
    ['the import of a file', 'apps/api/src/planted.ts', "import './outbox.controller.js';"],
    ['the SQL of the library itself', 'libs/events/src/planted.ts', "const sql = 'select 1 from outbox.outbox_log';"],
  ])('the check accepts %s', (_, file, source) => {
    expect(problemsOf(file, source)).toEqual([]);
  });
});
