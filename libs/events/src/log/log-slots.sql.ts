// A large set of late events is read in slices: see LogCursor.
const IS_UNREAD = '(position <= p.late_position and pg_visible_in_snapshot(txid, p.late_snapshot)) is not true';

/**
 * Selects events of transactions that the snapshot of the cursor `p` does not show as finished, so the cursor does not cover them. Those at or
 * below its position became visible late.
 *
 * Index: outbox_log_txid. The order and the limit keep the planner from reading the log by position, because it expects that a third of the
 * log matches. Locks: none. Cost: at most `limit` rows of each running transaction and of the later ones.
 *
 * @param condition such as `and slot = 3`.
 */
export const selectUnseen = (columns: string, limit: string, condition = ''): string => `(
      select ${columns} from pg_snapshot_xip(p.snapshot) running
      cross join lateral (select * from outbox.outbox_log where txid = running ${condition} and ${IS_UNREAD} limit ${limit}) l
      union all
      (select ${columns} from outbox.outbox_log
        where txid >= pg_snapshot_xmax(p.snapshot) ${condition} and ${IS_UNREAD} order by txid limit ${limit}))`;

// If the cursor has passed the newest event of a slot, every unseen event of the slot became visible late.
/** The sinks that have not received all events of the slot `n`, whose newest event is `newest`. */
export const NOT_HANDED_OVER_TO = `array(
    select s.name from outbox.outbox_sink s
    left join lateral (select * from outbox.outbox_progress p where p.sink = s.name order by p.number desc limit 1) p on true
    where s.state <> 'retired' and not s.observer and (p.sink is null or newest.position > p.position
      or exists ${selectUnseen('position', '1', 'and slot = n::smallint')}) order by s.name)`;
