/**
 * What computes an event's status from the cursors, and what empties a slot. Bodies in `begin atomic` are parsed when
 * they are made: no search_path can change them, and the planner can still inline them (a `set` clause forbids it).
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
          order by q.position, q.number limit 1) end as published_at       -- position never falls: this is the first by number too
    from outbox.outbox_sink s
    left join outbox.outbox_delivery d on d.sink = s.name and d.event_id = event
    left join outbox.outbox_progress start on start.sink = s.name and start.number = 0
    left join lateral (select p from outbox.outbox_progress p where p.sink = s.name order by p.number desc limit 1) newest on true
    where s.state <> 'retired' and (d.sink is not null or outbox.covers(start, pos, tx) is not true)) x;
end;
comment on function outbox.state_of is 'An event over all sinks that count: not retired, not started after it. A delivery overrides the cursor; the first that any sink has of failed, pending, retrying, waiting, skipped, published. Always one row';

create view public.events_outboxevent with (security_invoker = true) as
  select e.event_id, e.event_type, e.schema_version, e.aggregate_type, e.aggregate_id, e.organization_id, e.correlation_id,
    e.payload, e.occurred_at, s.status, s.attempts, s.last_error, s.published_at
  from outbox.outbox_log e
  left join lateral outbox.state_of(e.event_id, e.position, e.txid) s on true;
comment on view public.events_outboxevent is 'Each event with its exact status; for questions about few events';

create function outbox.empty_slot(n int, keep interval) returns text language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
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
  perform set_config('lock_timeout', '200ms', true);
  execute format('lock table %s in access exclusive mode', slot);  -- from here on nobody who has written into it is still open
  execute format($q$ select string_agg(s.name, ', ') from outbox.outbox_sink s
    left join lateral (select * from outbox.outbox_progress p where p.sink = s.name order by p.number desc limit 1) p on true
    where s.state <> 'retired' and (p.sink is null or exists (select from %1$s l where l.position > p.position)
      or exists (select from %1$s l where l.txid >= pg_snapshot_xmin(p.snapshot) and not pg_visible_in_snapshot(l.txid, p.snapshot))) $q$, slot) into unread;
  if unread is not null then return 'not handed over to ' || unread; end if;
  execute format('truncate %s', slot);
  return 'emptied';
end $$;
comment on function outbox.empty_slot is 'Empties a slot whose newest row is older than keep, or says why not. A definer function: nobody needs the right to truncate, and the check cannot be left out';
revoke execute on function outbox.empty_slot from public;
`;
