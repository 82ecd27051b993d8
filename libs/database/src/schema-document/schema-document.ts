import { PikaiaError } from '@pikaia/core';
import * as sql from './catalogue.sql.js';
import { writeSchemaDocument } from './schema-document.text.js';

interface Queryable {
  query(sql: string, parameters?: unknown[]): Promise<{ rows: unknown[] }>;
}

export interface Relation {
  oid: number;
  schema: string;
  name: string;
  /** `r` table, `p` partitioned, `v` view, `S` sequence. */
  kind: 'r' | 'p' | 'v' | 'S';
  comment: string | null;
  secured: boolean;
  partitioned: string | null;
  parent: number | null;
  partitions: number;
}
interface Part {
  relation: number;
  name: string;
}
export interface Catalogue {
  relations: Relation[];
  columns: (Part & { type: string; required: boolean; default: string | null; comment: string | null })[];
  indexes: (Part & { definition: string; comment: string | null; is_primary: boolean })[];
  constraints: (Part & { definition: string })[];
  triggers: (Part & { definition: string; enabled: string })[];
  policies: (Part & { command: string; using: string | null; checked: string | null; roles: string[] })[];
  grants: { relation: number; role: string; privilege: string; columns: string[] | null }[];
  functions: {
    schema: string;
    name: string;
    arguments: string;
    result: string;
    definer: boolean;
    comment: string | null;
    callers: string[];
  }[];
  eventTriggers: { name: string; event: string; function: string; enabled: string }[];
}

const OF_THE_MIGRATIONS = ['migrations', 'migrations_id_seq'];

/**
 * The schema of a migrated database as a document; the same for every database with the same migrations.
 *
 * @throws PikaiaError `PIKAIA_SCHEMA_UNEXPLAINED` naming the tables, views, functions without a comment, and the indexes:
 * each is paid for by every insert, so its comment says which query needs it.
 */
export async function schemaDocument(client: Queryable): Promise<string> {
  const read = async <T>(text: string, parameters?: unknown[]): Promise<T[]> =>
    (await client.query(text, parameters)).rows as T[];
  const catalogue: Catalogue = {
    relations: await read(sql.readRelations, [OF_THE_MIGRATIONS]),
    columns: await read(sql.readColumns),
    indexes: await read(sql.readIndexes),
    constraints: await read(sql.readConstraints),
    triggers: await read(sql.readTriggers),
    policies: await read(sql.readPolicies),
    grants: await read(sql.readGrants),
    functions: await read(sql.readFunctions),
    eventTriggers: await read(sql.readEventTriggers),
  };
  const unexplained = findUnexplained(catalogue);
  if (unexplained.length) {
    throw new PikaiaError(
      'PIKAIA_SCHEMA_UNEXPLAINED',
      `Add \`comment on …\` to the migration for: ${unexplained.join(', ')}. An index's comment says which query needs it.`,
    );
  }
  return writeSchemaDocument(catalogue);
}

function findUnexplained({ relations, indexes, functions }: Catalogue): string[] {
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
