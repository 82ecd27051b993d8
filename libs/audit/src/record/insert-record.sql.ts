import { onlyInTransaction, preparedStatement } from '@pikaia/database';

/** A table of each migration that the statements need. Without one of them no process starts. */
export const REQUIRED_TABLES = ['audit.record'] as const;

/** The columns that a process writes. */
export const WRITTEN_COLUMNS = {
  'audit.record':
    'id, organization_id, action, aggregate_type, aggregate_id, actor_type, actor_id, correlation_id, entry, entry_hash, changed',
  'audit.personal': 'record_id, subject_id, organization_id, salt, fields',
} as const;
const RECORD_COLUMNS = WRITTEN_COLUMNS['audit.record'];
const RECORD_VALUES = '$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::text[]';
const INSERT_PERSONAL = `
  insert into audit.personal (${WRITTEN_COLUMNS['audit.personal']})
  select $1, subject, $2, salt, fields::jsonb from unnest($12::text[], $13::bytea[], $14::text[]) as p (subject, salt, fields)`;

/**
 * Inserts a record and its personal rows in one statement. It has no `returning` clause, because that applies the select
 * policy, and the insert would fail if no organization is set. Locks: the inserted rows.
 *
 * Parameters: $1 id, $2 organization, $3 action, $4 aggregate type, $5 aggregate id, $6 actor type, $7 actor id,
 * $8 correlation id, $9 entry, $10 hash of the entry, $11 changed fields. $12 subjects, $13 salts and $14 fields are arrays of
 * equal length.
 */
export const INSERT_RECORD = preparedStatement(
  'pikaia-audit-record',
  `
  with record as (insert into audit.record (${RECORD_COLUMNS}) values (${RECORD_VALUES}))${INSERT_PERSONAL}`,
);

/** Does the same through an executor, and nothing outside a transaction. */
export const INSERT_RECORD_THROUGH_EXECUTOR = onlyInTransaction({
  record: `insert into audit.record (${RECORD_COLUMNS}) select ${RECORD_VALUES} from transaction`,
  personal: `${INSERT_PERSONAL}, transaction`,
});
