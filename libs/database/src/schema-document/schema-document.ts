import { PikaiaError } from '@pikaia/core';
import type { Catalogue } from './catalogue.js';
import * as sql from './catalogue.sql.js';
import { writeSchemaDocument } from './schema-document.text.js';

interface Queryable {
  query(sql: string, parameters?: unknown[]): Promise<{ rows: unknown[] }>;
}

const MIGRATION_TOOL_RELATIONS = ['migrations', 'migrations_id_seq'];

/**
 * Describes the schema of a migrated database in Markdown. Databases with the same migrations give the same document.
 *
 * @throws PikaiaError `PIKAIA_SCHEMA_UNEXPLAINED` with the names of the tables, views, functions and indexes that have no
 * comment. The comment of an index names the query that needs it, because each index slows down every insert.
 */
export async function schemaDocument(client: Queryable): Promise<string> {
  const read = async <T>(text: string, parameters?: unknown[]): Promise<T[]> =>
    (await client.query(text, parameters)).rows as T[];
  const catalogue: Catalogue = {
    relations: await read(sql.readRelations, [MIGRATION_TOOL_RELATIONS]),
    columns: await read(sql.readColumns),
    indexes: await read(sql.readIndexes),
    constraints: await read(sql.readConstraints),
    triggers: await read(sql.readTriggers),
    policies: await read(sql.readPolicies),
    grants: await read(sql.readGrants),
    functions: await read(sql.readFunctions),
    eventTriggers: await read(sql.readEventTriggers),
  };
  const uncommented = findUncommented(catalogue);
  if (uncommented.length) {
    throw new PikaiaError(
      'PIKAIA_SCHEMA_UNEXPLAINED',
      `Add \`comment on …\` to the migration for: ${uncommented.join(', ')}. The comment of an index names the query that needs it.`,
    );
  }
  return writeSchemaDocument(catalogue);
}

function findUncommented({ relations, indexes, functions }: Catalogue): string[] {
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
