import { eventsView } from './sink-types.sql.js';

/** Returns the expression of a column of an event over its rows `row`, one per sink. `ranked` orders them by their status. */
type EventColumn = (row: string, ranked: string, sink: string) => string;

/** The columns come from the sink that decides the status. If several sinks have it, from the one whose delivery changed last. */
const ofDecidingSink = (column: string): EventColumn => {
  return (row, ranked, sink) => `(array_agg(${row}.${column} order by ${ranked}, ${row}.updated_at desc nulls last, ${sink}))[1]`;
};
const ofAnySink = {
  attempts: (row: string): string => `max(${row}.attempts)`,
  lastError: (row: string): string =>
    `(array_agg(${row}.last_error order by ${row}.updated_at desc) filter (where ${row}.last_error is not null))[1]`,
};

/**
 * Adds observers: sinks on which no status of an event and no retention depends. The attempts and the last error of an event are
 * those of the sink that decides its status. Locks: outbox_sink, briefly; a constant default rewrites no row.
 */
export const observers = `
alter table outbox.outbox_sink add column observer boolean not null default false;
comment on column outbox.outbox_sink.observer is 'True for a sink that only watches, such as log: no status of an event and no retention depends on it';
${functionsOver("s.state <> 'retired' and not s.observer", { attempts: ofDecidingSink('attempts'), lastError: ofDecidingSink('last_error') })}
comment on function outbox.state_of(uuid, text, bigint, xid8) is 'The state of an event over all sinks, except observers, retired ones and those that started after it: the most serious status among the sinks, in this order: failed, pending, retrying, waiting, skipped, published, not_wanted. Attempts and last error are those of the sink with that status whose delivery changed last. Always one row';
comment on function outbox.state_without_log is 'The state of an event whose log row is gone: every sink except observers has settled it, so its deliveries decide';
${eventsView('e.event_id, e.event_type, e.position, e.txid', "k.state <> 'retired' and not k.observer")}
`;

/** Restores the functions and the view of the previous version. */
export const withoutObservers = `
${functionsOver("s.state <> 'retired'", ofAnySink)}
${eventsView('e.event_id, e.event_type, e.position, e.txid')}
alter table outbox.outbox_sink drop column observer;
`;

/** @param counts the condition on a sink `s` under which the status of an event and the retention depend on it. */
function functionsOver(
  counts: string,
  { attempts, lastError }: { readonly attempts: EventColumn; readonly lastError: EventColumn },
): string {
  const ranked =
    "array_position(array['failed', 'pending', 'retrying', 'waiting', 'skipped', 'published', 'not_wanted'], x.status)";
  const rankedWithoutLog = "array_position(array['failed', 'retrying', 'waiting', 'skipped', 'published'], d.status)";
  return `
create or replace function outbox.state_of(event uuid, type text, pos bigint, tx xid8)
  returns table (status text, attempts int, last_error text, published_at timestamptz) language sql stable
begin atomic
  select coalesce((array_agg(x.status order by ${ranked}))[1], 'pending'),
    coalesce(${attempts('x', ranked, 's.name')}, 0),
    ${lastError('x', ranked, 's.name')},
    case when bool_and(x.status in ('published', 'not_wanted')) then max(x.published_at) end
  from outbox.outbox_sink s cross join lateral outbox.state_at(s.name, event, type, pos, tx) x
  where ${counts};
end;

create or replace function outbox.state_without_log(event uuid)
  returns table (status text, attempts int, last_error text, published_at timestamptz) language sql stable
begin atomic
  select (array_agg(d.status order by ${rankedWithoutLog}))[1],
    ${attempts('d', rankedWithoutLog, 'd.sink')},
    ${lastError('d', rankedWithoutLog, 'd.sink')},
    case when bool_and(d.status = 'published') then max(d.updated_at) end
  from outbox.outbox_delivery d join outbox.outbox_sink s on s.name = d.sink
  where d.event_id = event and ${counts};
end;

create or replace function outbox.empty_slot(n int, keep interval, dry_run boolean default false) returns text
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
    execute format('lock table %s in access exclusive mode', slot);  -- waits for the transactions that write into it
  end if;
  -- The cursor of another cluster is not valid here: a restored dump is rebased first.
  execute format($q$ select string_agg(s.name, ', ' order by s.name) from outbox.outbox_sink s
    left join lateral (select q.*, q.xmin = q.txid::xid as written_here from outbox.outbox_progress q
      where q.sink = s.name order by q.number desc limit 1) p on true
    where ${counts} and (p.written_here is not true or exists (select from %1$s l where l.position > p.position)
      or exists (select from %1$s l where l.txid >= pg_snapshot_xmin(p.snapshot) and not pg_visible_in_snapshot(l.txid, p.snapshot))) $q$, slot) into unread;
  if unread is not null then return 'not handed over to ' || unread; end if;
  if not dry_run then execute format('truncate %s', slot); end if;
  return 'emptied';
end $$;
`;
}
