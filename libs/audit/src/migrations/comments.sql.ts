// Comments that replace those of the earlier migrations. docs/schema.md shows them. Locks: each object, briefly.

/** Comments on the schema audit, for the owner of its objects. */
export const auditComments = `
comment on table audit.record is 'Who did what to what: one row per action, written in the business transaction, never changed or removed';
comment on column audit.record.organization_id is 'The organization whose admins may read the record; platform if there is none';
comment on column audit.record.entry is 'The text in the form of RFC 8785 that is hashed; the other columns repeat parts of it for searches. It must be valid jsonb, because one invalid entry would make the whole view fail';
comment on column audit.record.entry_hash is 'SHA-256 of entry, checked at the insert: a wrong hash would fail verification permanently';
comment on column audit.record.txid is 'The transaction that wrote the record; the application cannot set it';
comment on column audit.record.created_at is 'The time of the server at the insert; the application cannot set it';
comment on index audit.record_aggregate is 'what was done to one aggregate, newest first';
comment on index audit.record_txid is 'records that became visible late: those whose transactions a snapshot does not show';

comment on table audit.personal is 'The personal values of one person in a record. Deleting the row erases the person, and the hash of the record stays valid';
comment on column audit.personal.subject_id is 'The user id of the person';
comment on column audit.personal.salt is 'Key of the HMAC-SHA-256 in the entry: without it, guesses cannot be tested against the hash';
comment on index audit.personal_subject is 'the records about one person, and the rows that an erasure removes';

comment on table audit.erased_subject is 'The people who asked for erasure. The mark stays, so that values that a late writer adds can be removed as well';

comment on function audit.refuse is 'Refuses to change or remove rows; a delete of personal values passes only inside audit.erase';
comment on function audit.current_organization is 'The organization whose records this transaction may read; fails if none is set';
comment on function audit.mark_erased is 'First step of an erasure. It is committed before the second, so that later writers see the mark';
comment on function audit.erase is 'Removes the personal values of a marked person from all records, and returns the number of removed rows';
comment on function audit.readable is 'One side of a diff. Where the entry has {"personal": subject}, the value of that person while it exists; nothing else can be replaced. Always one row';
`;

/** Comments on the objects in the schema public. */
export const auditPublicComments = `
comment on view public.events_auditlog is 'The audit log with the personal values filled in while they exist';
comment on function public.pikaia_audit_guard is 'Refuses DDL on the schema audit, except in a migration that sets audit.migrating';
`;
