/**
 * The tables of the audit log. docs/schema.md lists them with the reason for each index.
 *
 * `audit.record` is not partitioned, because its rows are never deleted. Values that a person may have erased are in
 * `audit.personal`; the entry contains only a keyed hash of them. There are no foreign keys, because the log outlives the rows
 * that it describes. All indexes are ascending and scanned backward, because a row comparison cannot use a descending index.
 */
export const auditTables = `
create table audit.record (
  id uuid primary key,
  organization_id text not null,
  action text not null,
  aggregate_type text not null,
  aggregate_id text not null,
  actor_type text not null,
  actor_id text not null,
  correlation_id uuid not null,
  entry text not null,
  entry_hash bytea not null,
  changed text[] not null default '{}',
  txid xid8 not null default pg_current_xact_id(),
  created_at timestamptz not null default clock_timestamp(),
  constraint record_entry_size check (octet_length(entry) <= 65536),
  constraint record_entry_object check (jsonb_typeof(entry::jsonb) = 'object'),
  constraint record_entry_hash check (entry_hash = sha256(convert_to(entry, 'UTF8')))
);
comment on table audit.record is 'Who did what to what: one row an action, written in the business transaction, never changed or removed';
comment on column audit.record.organization_id is 'The organization whose admins read it; platform where there is none';
comment on column audit.record.entry is 'The RFC 8785 bytes that are hashed; the columns beside it repeat it for searching. One that jsonb does not take would fail the whole view';
comment on column audit.record.entry_hash is 'SHA-256 of entry, checked at the insert: a wrong one would fail verification for ever';
comment on column audit.record.changed is 'The names of the fields that changed';
comment on column audit.record.txid is 'The writing transaction; never given by the application';
comment on column audit.record.created_at is 'The server''s clock at the insert; never given by the application';

create index record_organization on audit.record (organization_id, created_at, id);
comment on index audit.record_organization is 'an organization''s log, newest first';
create index record_action on audit.record (organization_id, action collate "C", created_at, id);
comment on index audit.record_action is 'one action in an organization, newest first';
create index record_aggregate on audit.record (organization_id, aggregate_type, aggregate_id, created_at, id);
comment on index audit.record_aggregate is 'what was done to one thing, newest first';
create index record_actor on audit.record (organization_id, actor_id, created_at, id);
comment on index audit.record_actor is 'what one person did in an organization, newest first';
create index record_created_at on audit.record (created_at, id);
comment on index audit.record_created_at is 'the log of all organizations, newest first, for operators';
create index record_correlation_id on audit.record (correlation_id);
comment on index audit.record_correlation_id is 'the records of one request';
create index record_txid on audit.record (txid);
comment on index audit.record_txid is 'what became visible late: the transactions that a snapshot does not show';

create table audit.personal (
  record_id uuid,
  subject_id text,
  organization_id text not null,
  salt bytea not null,
  fields jsonb not null,
  primary key (record_id, subject_id),
  constraint personal_salt check (octet_length(salt) = 32),
  constraint personal_fields check (jsonb_typeof(fields) = 'object')
);
comment on table audit.personal is 'What a record says about one person; removing the row erases the person and leaves the record''s hash true';
comment on column audit.personal.subject_id is 'The person, by user id';
comment on column audit.personal.salt is 'Key of the HMAC-SHA-256 in the entry: without it the hash cannot be tried against guesses';
comment on column audit.personal.fields is 'actor_name, actor_email, ip_address, unparsed_address, user_agent, aggregate_label, and the person''s part of the diff as old and new';
create index personal_subject on audit.personal (subject_id, record_id);
comment on index audit.personal_subject is 'what was done to one person, and what erasing them removes';

create table audit.erased_subject (
  subject_id text primary key,
  marked_at timestamptz not null default clock_timestamp()
);
comment on table audit.erased_subject is 'Who asked to be erased; the mark stays, so that what a late writer adds can be removed too';
`;
