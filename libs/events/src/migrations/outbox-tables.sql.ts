/**
 * The tables of the outbox. docs/schema.md lists them with the reason for each index.
 *
 * `outbox_log` is insert-only. A cursor for each sink records the progress, so deliveries do not update the log and leave no dead
 * rows. Its slots are twelve fixed partitions, chosen by the day. Their only purpose is to empty old days.
 */
export const outboxTables = `
create schema outbox;

create sequence outbox.outbox_position cache 1;

create table outbox.outbox_log (
  position bigint not null default nextval('outbox.outbox_position'),
  txid xid8 not null default pg_current_xact_id(),
  slot smallint not null default (floor(extract(epoch from clock_timestamp()) / 86400)::bigint % 12)::smallint,
  recorded_at timestamptz not null default clock_timestamp(),
  event_id uuid not null,
  event_type text not null,
  schema_version int not null,
  aggregate_type text not null,
  aggregate_id text not null,
  organization_id text,
  correlation_id uuid,
  occurred_at timestamptz not null,
  size int not null,
  payload json not null,
  constraint outbox_log_size check (octet_length(payload::text) <= size)
) partition by list (slot);
comment on table outbox.outbox_log is 'One row an event, written in the business transaction, never updated';
comment on column outbox.outbox_log.position is 'Taken at the insert; positions can become visible out of order';
comment on column outbox.outbox_log.slot is 'The day of the clock modulo 12; without meaning for reading';
comment on column outbox.outbox_log.size is 'Bytes as sent; reading is bounded by it';
comment on column outbox.outbox_log.payload is 'The envelope''s text, delivered as written';

do $$ begin
  for i in 0..11 loop
    execute format('create table outbox.outbox_log_%s partition of outbox.outbox_log for values in (%s)', i, i);
    execute format('create unique index outbox_log_%s_event_id on outbox.outbox_log_%s (event_id)', i, i);
    execute format('comment on index outbox.outbox_log_%s_event_id is %L', i, 'one event by its id; on the parent it would have to contain the slot');
  end loop;
end $$;

create index outbox_log_position on outbox.outbox_log (position);
comment on index outbox.outbox_log_position is 'what is new: position > the cursor''s';
create index outbox_log_txid on outbox.outbox_log (txid);
comment on index outbox.outbox_log_txid is 'what became visible late: the transactions that the cursor''s snapshot does not show';
create index outbox_log_correlation_id on outbox.outbox_log (correlation_id);
comment on index outbox.outbox_log_correlation_id is 'the events of one request';
create index outbox_log_organization on outbox.outbox_log (organization_id, position);
comment on index outbox.outbox_log_organization is 'an organization''s events, newest first';

create table outbox.outbox_sink (
  name text primary key,
  state text not null default 'active' check (state in ('active', 'paused', 'retired')),
  ordering text not null default 'aggregate' check (ordering in ('aggregate', 'none')),
  registered_at timestamptz not null default clock_timestamp(),
  failing_since timestamptz,
  last_error text,
  leader text,
  leading_since timestamptz,
  seen_number bigint,
  seen_as text
);
comment on table outbox.outbox_sink is 'The destinations; each has a cursor of its own';
comment on column outbox.outbox_sink.failing_since is 'Since when transport fails; the circuit breaker, apart from pausing';
comment on column outbox.outbox_sink.seen_number is 'The newest cursor when the destination was last seen, for sinks that look; where it was gone meanwhile the sink goes back to it';
comment on column outbox.outbox_sink.seen_as is 'What it was, null while it is missing';
comment on column outbox.outbox_sink.leader is 'The worker that became its leader last; whether it still is, the sink''s advisory lock says';

create table outbox.outbox_progress (
  sink text,
  number bigint,
  position bigint not null,
  snapshot pg_snapshot not null,
  late_position bigint not null default 0,
  late_snapshot pg_snapshot,
  accepted int not null default 0,
  stored_at timestamptz not null default clock_timestamp(),
  worker text not null,
  txid xid8 not null default pg_current_xact_id(),
  primary key (sink, number),
  check (late_position = 0 or late_snapshot is not null)
);
comment on table outbox.outbox_progress is 'The cursors, append-only: the newest row of a sink is its cursor, number 0 its start';
comment on column outbox.outbox_progress.accepted is 'Events that the sink has accepted since the row before; for throughput';
create index outbox_progress_position on outbox.outbox_progress (sink, position, number);
comment on index outbox.outbox_progress_position is 'when an event went out: the first cursor that covers it';

create table outbox.outbox_delivery (
  sink text,
  event_id uuid,
  position bigint not null,
  status text not null check (status in ('retrying', 'waiting', 'failed', 'skipped', 'published')),
  attempts int not null default 0,
  next_attempt_at timestamptz,
  last_error text,
  fingerprint text,
  event_type text not null,
  schema_version int not null,
  aggregate_type text not null,
  aggregate_id text not null,
  organization_id text,
  correlation_id uuid,
  occurred_at timestamptz not null,
  payload json not null,
  updated_at timestamptz not null default clock_timestamp(),
  primary key (event_id, sink)  -- the event first: it is also looked up without its sink
);
comment on table outbox.outbox_delivery is 'What a sink refused, or what waits behind it; written only by the sink''s leader. Outlives the log row';
create index outbox_delivery_due on outbox.outbox_delivery (sink, next_attempt_at) where status = 'retrying';
comment on index outbox.outbox_delivery_due is 'the retries that are due';
create index outbox_delivery_aggregate on outbox.outbox_delivery (sink, aggregate_type, aggregate_id, position)
  where status in ('retrying', 'waiting', 'failed');
comment on index outbox.outbox_delivery_aggregate is 'is an aggregate blocked, and which delivery heads it';
create index outbox_delivery_status on outbox.outbox_delivery (status, position);
comment on index outbox.outbox_delivery_status is 'a list of events by status';

create table outbox.outbox_attempt (
  sink text not null,
  event_id uuid not null,
  attempted_at timestamptz not null default clock_timestamp(),
  error text not null,
  fingerprint text
);
comment on table outbox.outbox_attempt is 'One row a failed attempt; successes need none';
create index outbox_attempt_event on outbox.outbox_attempt (event_id);
comment on index outbox.outbox_attempt_event is 'the failed attempts of one event';

create table outbox.outbox_command (
  id uuid,
  sink text,
  command text not null check (command in ('pause', 'resume', 'retire', 'skip', 'replay')),
  arguments jsonb not null default '{}',
  organization_id text,
  asked_by text not null,
  correlation_id uuid,
  asked_at timestamptz not null default clock_timestamp(),
  done_at timestamptz,
  answer jsonb,
  primary key (id, sink)
);
comment on table outbox.outbox_command is 'What people ask for, a row for each sink that it concerns; the sink''s leader carries it out and answers in the row';
comment on column outbox.outbox_command.organization_id is 'Whose events alone it may touch; null: all';
create index outbox_command_open on outbox.outbox_command (sink, asked_at) where done_at is null;
comment on index outbox.outbox_command_open is 'what the leader still has to do';
create index outbox_command_asked on outbox.outbox_command (asked_at);
comment on index outbox.outbox_command_asked is 'the newest commands';

create table outbox.outbox_replay (
  id uuid,
  sink text,
  filter jsonb not null,
  dry_run boolean not null,
  most bigint,
  rate int,
  start_position bigint not null,
  end_position bigint not null,
  snapshot pg_snapshot not null,
  position bigint not null,
  matched bigint not null default 0,
  sent bigint not null default 0,
  skipped bigint not null default 0,
  revived bigint not null default 0,
  failed bigint not null default 0,
  last_error text,
  started_at timestamptz not null default clock_timestamp(),
  done_at timestamptz,
  primary key (id, sink)
);
comment on table outbox.outbox_replay is 'Replays under way and done; the id is the command''s, and the key of the receipts';
comment on column outbox.outbox_replay.snapshot is 'The cursor''s when the replay began: only what had been handed over by then is sent again';
comment on column outbox.outbox_replay.position is 'How far it has come; what a kill repeats begins here';
comment on column outbox.outbox_replay.most is 'Events at most; null: all that match';
comment on column outbox.outbox_replay.rate is 'Events a second at most; null: as fast as the sink takes them';
comment on column outbox.outbox_replay.skipped is 'Sent to a consumer that declares not to run replays';
comment on column outbox.outbox_replay.revived is 'Dead letters that are tried again, in the order of their aggregate';
create index outbox_replay_open on outbox.outbox_replay (sink, started_at) where done_at is null;
comment on index outbox.outbox_replay_open is 'the replay that a leader goes on with';

create table outbox.consumer_receipt (
  consumer text,
  event_id uuid,
  replay uuid not null default '00000000-0000-0000-0000-000000000000',
  state text not null check (state in ('claimed', 'done')),
  claimed_until timestamptz,
  done_at timestamptz,
  result jsonb,
  correlation_id uuid,
  primary key (consumer, event_id, replay)
);
comment on table outbox.consumer_receipt is 'What a consumer has done; claimed while an effect outside the database is under way';
comment on column outbox.consumer_receipt.replay is 'The replay that ran it again; zeros for the first delivery';
create index consumer_receipt_event on outbox.consumer_receipt (event_id);
comment on index outbox.consumer_receipt_event is 'who has handled one event';
create index consumer_receipt_correlation on outbox.consumer_receipt (correlation_id);
comment on index outbox.consumer_receipt_correlation is 'the effects of one request';
create index consumer_receipt_expiry on outbox.consumer_receipt using brin (coalesce(done_at, claimed_until));
comment on index outbox.consumer_receipt_expiry is 'which receipts are old; they lie in the order of time, so a few pages say it';
`;
