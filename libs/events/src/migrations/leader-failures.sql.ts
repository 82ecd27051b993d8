import type { RoleNames } from '@pikaia/database';

/**
 * Adds the columns that report leaders whose terms end with an error soon after they start. Locks: outbox_sink, briefly; the
 * columns are nullable.
 */
export const leaderFailures = ({ worker }: RoleNames): string => `
alter table outbox.outbox_sink add column leader_failing_since timestamptz, add column leader_error text;
comment on column outbox.outbox_sink.leader_failing_since is 'Since when the terms of its leaders end by an error soon after they begin; null after a term that lasts';
comment on column outbox.outbox_sink.leader_error is 'What ended the last of these terms';
grant update (leader_failing_since, leader_error) on outbox.outbox_sink to ${worker};
`;
