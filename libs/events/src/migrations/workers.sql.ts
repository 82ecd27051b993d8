import type { RoleNames } from '@pikaia/database';

/** Creates the table of the running workers. Locks: none, because the table is new. */
export const workers = ({ api, worker, auditOperator }: RoleNames): string => `
create table outbox.outbox_worker (
  worker text primary key,
  version text,
  sinks text[] not null,
  started_at timestamptz not null default clock_timestamp(),
  reported_at timestamptz not null default clock_timestamp(),
  next_housekeeping_at timestamptz
);
comment on table outbox.outbox_worker is 'The running workers. Each reports itself every few seconds, and removes its row when it stops';
comment on column outbox.outbox_worker.worker is 'Host and process id, as in outbox_sink.leader';
comment on column outbox.outbox_worker.version is 'The version of the application, if it has named one';
comment on column outbox.outbox_worker.sinks is 'The sinks that the worker leads or stands by for';
comment on column outbox.outbox_worker.started_at is 'The first report of the process';
grant select on outbox.outbox_worker to ${api}, ${worker}, ${auditOperator};
grant insert, update, delete on outbox.outbox_worker to ${worker};
`;
