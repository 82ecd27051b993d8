/**
 * Functions that compute the status of an event from the cursors, and the function that empties a slot. PostgreSQL parses a
 * `begin atomic` body when the function is created. A search_path therefore cannot change it, and the planner can inline
 * it. A `set` clause would prevent inlining.
 */
export const outboxFunctions = `
create function outbox.covers(p outbox.outbox_progress, pos bigint, tx xid8) returns boolean language sql stable
begin atomic
  select pos <= p.position and (pg_visible_in_snapshot(tx, p.snapshot)
    or (pos <= p.late_position and pg_visible_in_snapshot(tx, p.late_snapshot)));
end;
comment on function outbox.covers is 'Had an event been handed over when this progress row was stored? Null without a row';

create function outbox.state_of(event uuid, pos bigint, tx xid8)
  returns table (status text, attempts int, last_error text, published_at timestamptz) language sql stable
begin atomic
  select coalesce((array_agg(x.status order by
      array_position(array['failed', 'pending', 'retrying', 'waiting', 'skipped', 'published'], x.status)))[1], 'pending'),
    coalesce(max(x.attempts), 0),
    (array_agg(x.last_error order by x.updated_at desc) filter (where x.last_error is not null))[1],
    case when bool_and(x.status = 'published') then max(x.published_at) end
  from (
    select d.attempts, d.last_error, d.updated_at,
      coalesce(d.status, case when outbox.covers(newest.p, pos, tx) then 'published' else 'pending' end) as status,
      case when d.status = 'published' then d.updated_at
        when d.status is null and outbox.covers(newest.p, pos, tx) then (  -- asked only when covered, or it would read on to the end
          select q.stored_at from outbox.outbox_progress q
          where q.sink = s.name and q.number > 0 and outbox.covers(q, pos, tx)
          order by q.position, q.number limit 1) end as published_at       -- position falls only where a sink was rewound: else this is the first by number too
    from outbox.outbox_sink s
    left join outbox.outbox_delivery d on d.sink = s.name and d.event_id = event
    left join outbox.outbox_progress start on start.sink = s.name and start.number = 0
    left join lateral (select p from outbox.outbox_progress p where p.sink = s.name order by p.number desc limit 1) newest on true
    where s.state <> 'retired' and (d.sink is not null or outbox.covers(start, pos, tx) is not true)) x;
end;
comment on function outbox.state_of is 'An event over all sinks that count: not retired, not started after it. A delivery overrides the cursor; the first that any sink has of failed, pending, retrying, waiting, skipped, published. Always one row';

create function outbox.state_without_log(event uuid)
  returns table (status text, attempts int, last_error text, published_at timestamptz) language sql stable
begin atomic
  select (array_agg(d.status order by
      array_position(array['failed', 'retrying', 'waiting', 'skipped', 'published'], d.status)))[1],
    max(d.attempts),
    (array_agg(d.last_error order by d.updated_at desc) filter (where d.last_error is not null))[1],
    case when bool_and(d.status = 'published') then max(d.updated_at) end
  from outbox.outbox_delivery d join outbox.outbox_sink s on s.name = d.sink
  where d.event_id = event and s.state <> 'retired';
end;
comment on function outbox.state_without_log is 'An event whose log row is gone: every sink has had it, so its deliveries decide';

create view public.events_outboxevent with (security_invoker = true) as
  select e.event_id, e.event_type, e.schema_version, e.aggregate_type, e.aggregate_id, e.organization_id, e.correlation_id,
    e.payload, e.occurred_at, s.status, s.attempts, s.last_error, s.published_at
  from outbox.outbox_log e
  left join lateral outbox.state_of(e.event_id, e.position, e.txid) s on true
  union all
  select d.event_id, d.event_type, d.schema_version, d.aggregate_type, d.aggregate_id, d.organization_id, d.correlation_id,
    d.payload, d.occurred_at, s.status, s.attempts, s.last_error, s.published_at
  from outbox.outbox_delivery d
  left join lateral outbox.state_without_log(d.event_id) s on true
  where not exists (select from outbox.outbox_log l where l.event_id = d.event_id)
    and d.sink = (select min(o.sink) from outbox.outbox_delivery o join outbox.outbox_sink k on k.name = o.sink
      where o.event_id = d.event_id and k.state <> 'retired');
comment on view public.events_outboxevent is 'Each event with its exact status, also one whose log row is gone while a delivery of it is kept; for questions about few events';

create function outbox.empty_slot(n int, keep interval, dry_run boolean default false) returns text
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  slot regclass := format('outbox.outbox_log_%s', n)::regclass;
  newest timestamptz;
  unread text;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise 'empty_slot needs read committed: its second look must see what the first one waited for';
  end if;
  execute format('select recorded_at from %s order by position desc limit 1', slot) into newest;
  if newest is null then return 'empty'; elsif newest > clock_timestamp() - keep then return 'recent'; end if;
  if not dry_run then
    perform set_config('lock_timeout', '200ms', true);
    execute format('lock table %s in access exclusive mode', slot);  -- from here on nobody who has written into it is still open
  end if;
  -- A cursor of another cluster says nothing about these rows: a restored dump is rebased before anything goes.
  execute format($q$ select string_agg(s.name, ', ' order by s.name) from outbox.outbox_sink s
    left join lateral (select q.*, q.xmin = q.txid::xid as written_here from outbox.outbox_progress q
      where q.sink = s.name order by q.number desc limit 1) p on true
    where s.state <> 'retired' and (p.written_here is not true or exists (select from %1$s l where l.position > p.position)
      or exists (select from %1$s l where l.txid >= pg_snapshot_xmin(p.snapshot) and not pg_visible_in_snapshot(l.txid, p.snapshot))) $q$, slot) into unread;
  if unread is not null then return 'not handed over to ' || unread; end if;
  if not dry_run then execute format('truncate %s', slot); end if;
  return 'emptied';
end $$;
comment on function outbox.empty_slot is 'Empties a slot whose newest row is older than keep, or says why not; a dry run locks and empties nothing. A definer function: nobody needs the right to truncate, and the check cannot be left out';
revoke execute on function outbox.empty_slot from public;
`;
