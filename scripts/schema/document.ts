import type { ClientBase } from 'pg';
import { PlainError } from '../start/plain-error.ts';
import { readCatalog, type Catalog, type Relation } from './catalog.ts';

const HEAD = `# The database

Generated from the catalog of a migrated database by \`npm run docs:schema\`; do not edit. A test compares it.
`;

const POLICY_COMMANDS: Record<string, string> = { '*': 'all', r: 'select', a: 'insert', w: 'update', d: 'delete' };
const TRIGGER_STATES: Record<string, string> = { A: ' (always)', D: ' (disabled)', R: ' (replica)' };

/**
 * Describes the schema of a migrated database in Markdown. Databases with the same migrations give the same document.
 *
 * @throws PlainError with the names of the tables, views, functions and indexes that have no comment. The comment of an index
 * names the query that needs it, because each index slows down every insert.
 */
export async function schemaDocument(client: ClientBase): Promise<string> {
  const catalog = await readCatalog(client);
  const uncommented = findUncommented(catalog);
  if (uncommented.length) {
    throw new PlainError(
      `Add \`comment on …\` to the migration for: ${uncommented.join(', ')}. The comment of an index names the query that needs it.`,
    );
  }
  return writeDocument(catalog);
}

function findUncommented({ relations, indexes, functions }: Catalog): string[] {
  const ours = new Map(relations.map((relation) => [relation.oid, relation]));
  return [
    ...relations
      .filter(({ kind, comment, parent }) => kind !== 'S' && !comment && !parent)
      .map(({ schema, name, kind }) => `${kind === 'v' ? 'view' : 'table'} ${schema}.${name}`),
    ...indexes
      .filter((index) => !index.comment && !index.is_primary && ours.has(index.relation))
      .map((index) => `index ${ours.get(index.relation)!.schema}.${index.name}`),
    ...functions.filter(({ comment }) => !comment).map(({ schema, name }) => `function ${schema}.${name}`),
  ];
}

function writeDocument(catalog: Catalog): string {
  const schemas = [...new Set([...catalog.relations, ...catalog.functions].map(({ schema }) => schema))].toSorted();
  const parts = schemas.flatMap((schema) => [
    `## Schema ${schema}`,
    ...catalog.relations
      .filter((relation) => relation.schema === schema && !relation.parent)
      .map((relation) => writeRelation(relation, catalog)),
    ...writeFunctions(schema, catalog),
  ]);
  if (catalog.eventTriggers.length) {
    const rows = catalog.eventTriggers.map(
      (it) => `- \`${it.name}\` on ${it.event}: ${it.function}${TRIGGER_STATES[it.enabled] ?? ''}`,
    );
    parts.push('## Event triggers', rows.join('\n'));
  }
  return `${[HEAD.trimEnd(), ...parts].join('\n\n')}\n`;
}

function writeRelation(relation: Relation, catalog: Catalog): string {
  const of = <T extends { relation: number }>(list: T[]): T[] => list.filter((item) => item.relation === relation.oid);
  const kind = { r: 'Table', p: 'Table', v: 'View', S: 'Sequence' }[relation.kind];
  const blocks = [`### ${kind} ${relation.schema}.${relation.name}`];
  if (relation.comment) blocks.push(`${relation.comment}.`);
  if (relation.partitioned) {
    blocks.push(
      `Partitioned by ${relation.partitioned.toLowerCase()}: ${relation.partitions} partitions, ${relation.name}_0 to ${relation.name}_${relation.partitions - 1}.`,
    );
  }
  if (relation.kind !== 'S') blocks.push(writeColumns(relation, of(catalog.columns)));
  const add = (title: string, lines: string[]): void => {
    if (lines.length) blocks.push(`${title}\n\n${lines.map((line) => `- ${line}`).join('\n')}`);
  };
  add('Indexes', writeIndexes(relation, catalog));
  add(
    'Constraints',
    of(catalog.constraints).map((it) => `\`${it.name}\`: ${code(it.definition)}`),
  );
  add(
    'Triggers',
    of(catalog.triggers).map((it) => `${code(it.definition.replace('CREATE TRIGGER ', ''))}${TRIGGER_STATES[it.enabled] ?? ''}`),
  );
  add(
    relation.secured ? 'Row-level security' : 'Policies (row-level security is off)',
    of(catalog.policies).map(
      (it) =>
        `\`${it.name}\`: ${POLICY_COMMANDS[it.command]} to ${it.roles.join(', ')}${it.using ? ` using ${code(it.using)}` : ''}${it.checked ? ` with check ${code(it.checked)}` : ''}`,
    ),
  );
  add('Grants', writeGrants(of(catalog.grants)));
  for (const part of catalog.relations.filter(({ parent }) => parent === relation.oid)) {
    add(`Grants on ${part.name} alone`, writeGrants(catalog.grants.filter((grant) => grant.relation === part.oid)));
  }
  return blocks.join('\n\n');
}

function writeColumns(relation: Relation, columns: Catalog['columns']): string {
  const view = relation.kind === 'v';
  const lines = columns.map(({ name, type, required, default: fallback, comment }) =>
    view ? [name, type] : [name, `${type}${required ? '' : ', may be null'}`, fallback ? code(fallback) : '', comment ?? ''],
  );
  const head = view ? ['column', 'type'] : ['column', 'type', 'default', ''];
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.map(inCell).join(' | ')} |`).join('\n');
}

/** Lists the indexes of a relation. All partitions have the same indexes, so only those of the first one are listed. */
function writeIndexes(relation: Relation, { indexes, relations }: Catalog): string[] {
  const first = relations.find(({ parent, name }) => parent === relation.oid && name.endsWith('_0'));
  const line = ({ definition, comment, is_primary }: Catalog['indexes'][number]): string =>
    `${code(definition.replace(/^CREATE (UNIQUE )?INDEX \S+ ON (ONLY )?\S+ USING /, '$1').replace('UNIQUE', 'unique'))}: ${comment ?? (is_primary ? 'primary key' : '')}`;
  return [
    ...indexes.filter((index) => index.relation === relation.oid).map(line),
    ...indexes.filter((index) => first && index.relation === first.oid).map((index) => `in each partition ${line(index)}`),
  ];
}

function writeGrants(grants: Catalog['grants']): string[] {
  const roles = [...new Set(grants.map(({ role }) => role))];
  return roles.map((role) => {
    const rights = grants
      .filter((grant) => grant.role === role)
      .map(({ privilege, columns }) => (columns ? `${privilege} (${columns.join(', ')})` : privilege));
    return `${role}: ${rights.join(', ')}`;
  });
}

function writeFunctions(schema: string, { functions }: Catalog): string[] {
  return functions
    .filter((it) => it.schema === schema)
    .map(
      (it) => `### Function ${schema}.${it.name}

\`${it.name}(${it.arguments}) returns ${it.result}\`

${it.comment}. ${it.definer ? 'Runs as its owner' : 'Runs as its caller'}; may be called by: ${it.callers.join(', ') || 'its owner alone'}.`,
    );
}

const code = (text: string): string => `\`${text.replace(/\s+/g, ' ')}\``;
const inCell = (text: string): string => text.replaceAll('|', '\\|').replace(/\s+/g, ' ');
