import type { RoleNames } from '@pikaia/database';

/** Creates the table of the last run of housekeeping. Locks: none, because the table is new. */
export const housekeepingRun = ({ api, worker, auditOperator }: RoleNames): string => `
create table outbox.outbox_housekeeping (
  id smallint primary key default 1 check (id = 1),
  ran_at timestamptz not null default clock_timestamp(),
  retention jsonb not null,
  results jsonb not null
);
comment on table outbox.outbox_housekeeping is 'The last run of housekeeping, in one row';
comment on column outbox.outbox_housekeeping.retention is 'The retentions of the worker in milliseconds: logMs, failedMs, receiptMs';
comment on column outbox.outbox_housekeeping.results is 'What was removed, and why slots were kept';
grant select on outbox.outbox_housekeeping to ${api}, ${worker}, ${auditOperator};
grant insert, update (ran_at, retention, results) on outbox.outbox_housekeeping to ${worker};
`;
