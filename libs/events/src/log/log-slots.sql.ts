// Events that became visible late and that the cursor does not cover: their transactions are not visible in its snapshot.
export const LATE = `from outbox.outbox_log where position <= p.position
      and (txid = any (array(select pg_snapshot_xip(p.snapshot))) or txid >= pg_snapshot_xmax(p.snapshot))
      and outbox.covers(p, position, txid) is not true`;

/** The sinks that have not received all events of the slot `n`, whose newest event is `newest`. */
export const NOT_HANDED_OVER_TO = `array(
    select s.name from outbox.outbox_sink s
    left join lateral (select * from outbox.outbox_progress p where p.sink = s.name order by p.number desc limit 1) p on true
    where s.state <> 'retired' and not s.observer and (p.sink is null or newest.position > p.position
      or exists (select ${LATE} and slot = n::smallint)) order by s.name)`;
