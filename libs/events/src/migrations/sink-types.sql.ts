import type { RoleNames } from '@pikaia/database';

/**
 * The event types that each sink has registered. A leader reads the types from here and not from its code, so that an older
 * worker keeps the events of a type that only a newer worker handles. Locks: none on existing tables.
 *
 * The functions with the event type replace those without it. The old ones remain for processes of the previous version.
 */
export const sinkTypes = ({ api, worker, auditOperator }: RoleNames): string => `
create table outbox.outbox_sink_type (
  id uuid primary key default gen_random_uuid(),
  sink text not null,
  event_type text not null,
  since_position bigint not null,
  since_snapshot pg_snapshot not null,
  confirmed boolean not null,
  until_position bigint,
  until_snapshot pg_snapshot,
  registered_at timestamptz not null default clock_timestamp(),
  worker text not null,
  txid xid8 not null default pg_current_xact_id(),
  check ((until_position is null) = (until_snapshot is null))
);
create unique index outbox_sink_type_open on outbox.outbox_sink_type (sink, event_type) where until_position is null;
comment on index outbox.outbox_sink_type_open is 'The types that a sink receives now';
create index outbox_sink_type_sink on outbox.outbox_sink_type (sink, event_type);
comment on index outbox.outbox_sink_type_sink is 'Whether a sink receives an event, now or at an earlier time';
comment on table outbox.outbox_sink_type is 'The event types of each sink; a sink without rows receives every type';
comment on column outbox.outbox_sink_type.event_type is 'An asterisk stands for every type';
comment on column outbox.outbox_sink_type.since_position is 'The sink receives the events that since_position and since_snapshot do not cover';
comment on column outbox.outbox_sink_type.confirmed is 'True once since_snapshot was taken after the row was committed';
comment on column outbox.outbox_sink_type.until_position is 'The cursor at which the type was dropped; null while it is registered';
comment on column outbox.outbox_sink_type.txid is 'The transaction that wrote the row; differs from xmin in a restored dump';
grant select on outbox.outbox_sink_type to ${api}, ${worker}, ${auditOperator};
grant insert, update (since_position, since_snapshot, confirmed, until_position, until_snapshot, txid) on outbox.outbox_sink_type to ${worker};

alter table outbox.outbox_command drop constraint outbox_command_command_check,
  add constraint outbox_command_command_check check (command in ('pause', 'resume', 'retire', 'skip', 'replay', 'drop_type'));

create function outbox.wants(sink_name text, type text, pos bigint, tx xid8) returns boolean language sql stable
begin atomic
  select coalesce(bool_or(t.event_type in (type, '*')
      and not (pos <= t.since_position and pg_visible_in_snapshot(tx, t.since_snapshot))
      and (t.until_position is null or (pos <= t.until_position and pg_visible_in_snapshot(tx, t.until_snapshot)))), true)
  from outbox.outbox_sink_type t where t.sink = sink_name;
end;
comment on function outbox.wants is 'Does a sink receive an event, by the types that it had registered?';

create function outbox.state_at(sink_name text, event uuid, type text, pos bigint, tx xid8)
  returns table (status text, attempts int, next_attempt_at timestamptz, last_error text, updated_at timestamptz, published_at timestamptz)
  language sql stable
begin atomic
  select coalesce(d.status, case when not outbox.wants(s.name, type, pos, tx) then 'not_wanted'
      when outbox.covers(newest.p, pos, tx) then 'published' else 'pending' end),
    coalesce(d.attempts, 0), d.next_attempt_at, d.last_error, d.updated_at,
    case when d.status = 'published' then d.updated_at
      -- read only if the event is covered and wanted; otherwise the scan would not find an end
      when d.status is null and outbox.covers(newest.p, pos, tx) and outbox.wants(s.name, type, pos, tx) then (
        select q.stored_at from outbox.outbox_progress q
        where q.sink = s.name and q.number > 0 and outbox.covers(q, pos, tx)
        order by q.position, q.number limit 1) end  -- only a rewind lowers the position, so the first is also the first by number
  from outbox.outbox_sink s
  left join outbox.outbox_delivery d on d.sink = s.name and d.event_id = event
  left join outbox.outbox_progress start on start.sink = s.name and start.number = 0
  left join lateral (select p from outbox.outbox_progress p where p.sink = s.name order by p.number desc limit 1) newest on true
  where s.name = sink_name and (d.sink is not null or outbox.covers(start, pos, tx) is not true);
end;
comment on function outbox.state_at is 'An event at one sink. A delivery overrides the cursor. No row: the sink started after the event';

create function outbox.state_of(event uuid, type text, pos bigint, tx xid8)
  returns table (status text, attempts int, last_error text, published_at timestamptz) language sql stable
begin atomic
  select coalesce((array_agg(x.status order by
      array_position(array['failed', 'pending', 'retrying', 'waiting', 'skipped', 'published', 'not_wanted'], x.status)))[1], 'pending'),
    coalesce(max(x.attempts), 0),
    (array_agg(x.last_error order by x.updated_at desc) filter (where x.last_error is not null))[1],
    case when bool_and(x.status in ('published', 'not_wanted')) then max(x.published_at) end
  from outbox.outbox_sink s cross join lateral outbox.state_at(s.name, event, type, pos, tx) x
  where s.state <> 'retired';
end;
comment on function outbox.state_of(uuid, text, bigint, xid8) is 'An event over all sinks that count: not retired, not started after it. The first that any sink has of failed, pending, retrying, waiting, skipped, published, not_wanted. Always one row';

${eventsView('e.event_id, e.event_type, e.position, e.txid')}
`;

/** Restores the view and the check of the previous version. Fails while a command `drop_type` is kept. */
export const withoutSinkTypes = `
${eventsView('e.event_id, e.position, e.txid')}
drop function outbox.state_of(uuid, text, bigint, xid8);
drop function outbox.state_at;
drop function outbox.wants;
alter table outbox.outbox_command drop constraint outbox_command_command_check,
  add constraint outbox_command_command_check check (command in ('pause', 'resume', 'retire', 'skip', 'replay'));
drop table outbox.outbox_sink_type;
`;

/** @param counts the condition on a sink `k` under which its deliveries show an event whose log row is gone. */
export function eventsView(stateArguments: string, counts = "k.state <> 'retired'"): string {
  return `create or replace view public.events_outboxevent with (security_invoker = true) as
  select e.event_id, e.event_type, e.schema_version, e.aggregate_type, e.aggregate_id, e.organization_id, e.correlation_id,
    e.payload, e.occurred_at, s.status, s.attempts, s.last_error, s.published_at
  from outbox.outbox_log e
  left join lateral outbox.state_of(${stateArguments}) s on true
  union all
  select d.event_id, d.event_type, d.schema_version, d.aggregate_type, d.aggregate_id, d.organization_id, d.correlation_id,
    d.payload, d.occurred_at, s.status, s.attempts, s.last_error, s.published_at
  from outbox.outbox_delivery d
  left join lateral outbox.state_without_log(d.event_id) s on true
  where not exists (select from outbox.outbox_log l where l.event_id = d.event_id)
    and d.sink = (select min(o.sink) from outbox.outbox_delivery o join outbox.outbox_sink k on k.name = o.sink
      where o.event_id = d.event_id and ${counts});`;
}
