import type { RoleNames } from '@pikaia/database';

/** Adds the number of events that a replay is expected to send. Locks: outbox_command, briefly. The previous version of the code ignores it. */
export const expectedEvents = ({ api }: RoleNames): string => `
alter table outbox.outbox_command add column expected int;
comment on column outbox.outbox_command.expected is 'Events that matched when a replay was given; null: not counted, or more than 10,000';
grant insert (expected) on outbox.outbox_command to ${api};
`;
