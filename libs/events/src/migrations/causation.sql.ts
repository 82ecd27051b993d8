import type { RoleNames } from '@pikaia/database';

/**
 * Adds the event that caused an event. No index: the events of a handler have the correlation id of their cause, whose index finds
 * them. Locks: outbox_log and its slots, briefly; the column is nullable.
 */
export const causation = ({ api, worker }: RoleNames): string => `
alter table outbox.outbox_log add column causation_id uuid;
comment on column outbox.outbox_log.causation_id is 'The event whose handler published this one, as in the envelope; null if no event caused it';
grant insert (causation_id) on outbox.outbox_log to ${api}, ${worker};
`;
