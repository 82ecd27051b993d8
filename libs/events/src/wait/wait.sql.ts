import { preparedStatement } from '@pikaia/database';

/**
 * Reads the change of the running transaction. `position` is null if it has no events, for example because its savepoint was rolled
 * back. Index: outbox_log_txid. Locks: none. Cost: no round trip, because it is sent with COMMIT.
 */
export const READ_CHANGE = preparedStatement(
  'pikaia-change',
  `select pg_current_xact_id_if_assigned()::text as txid,
    (select max(position) from outbox.outbox_log where txid = pg_current_xact_id_if_assigned())::text as position`,
);

/** The events of a transaction that a consumer has no receipt for, and how far their delivery is. */
export interface UnhandledEvent {
  readonly event_id: string;
  readonly event_type: string;
  /** The status at the sink of the consumer. Null if the sink does not exist, or started after the event. */
  readonly status: string | null;
  /** True if the event waits behind a failed event of its aggregate. */
  readonly blocked: boolean;
}

/** A change at a consumer. */
export interface ChangeState {
  readonly n: number;
  /** The state of the sink that delivers to the consumer. Null if there is none, for example for a consumer behind a queue. */
  readonly sink_state: string | null;
  /** False if the log no longer has the events of the change. */
  readonly found: boolean;
  readonly unhandled: readonly UnhandledEvent[];
}

/**
 * Reads the state of changes at consumers. $1 the consumers, $2 the sinks that deliver to them, $3 the transactions, $4 the highest
 * positions of the transactions.
 *
 * Index: outbox_log_txid, consumer_receipt_pkey, outbox_delivery_pkey, outbox_delivery_aggregate. Locks: none. Cost: proportional
 * to the events of the changes.
 */
export const FIND_CHANGES = `
  select c.n::int, k.state as sink_state, coalesce(e.found, false) as found, coalesce(e.unhandled, '[]') as unhandled
  from unnest($1::text[], $2::text[], $3::text[], $4::text[]) with ordinality as c (consumer, sink, txid, position, n)
  left join outbox.outbox_sink k on k.name = c.sink
  left join lateral (
    select bool_or(l.position = c.position::bigint) as found,
      json_agg(json_build_object('event_id', l.event_id, 'event_type', l.event_type, 'status', s.status,
        'blocked', s.status = 'waiting' and exists (
          select from outbox.outbox_delivery f where f.sink = c.sink and f.aggregate_type = l.aggregate_type
            and f.aggregate_id = l.aggregate_id and f.position < l.position and f.status = 'failed'))
        order by l.position) filter (where not l.is_handled) as unhandled
    from (
      select *, exists (select from outbox.consumer_receipt r
        where r.consumer = c.consumer and r.event_id = o.event_id and r.state = 'done') as is_handled
      from outbox.outbox_log o where o.txid = c.txid::xid8) l
    left join lateral (
      select d.status from outbox.state_at(c.sink, l.event_id, l.event_type, l.position, l.txid) d where not l.is_handled
    ) s on true) e on true`;

/** The names of the consumers that run in a worker. Index: none, because there are few sinks. Locks: none. */
export const FIND_CONSUMERS = `
  select substr(name, length($1) + 1) as name from outbox.outbox_sink
  where starts_with(name, $1) and state <> 'retired' order by name`;
