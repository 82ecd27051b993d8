import { IS_LED, isAbandoned } from '../log/sink-lock.js';

/** Open commands that retire a sink. Index: outbox_command_open. */
export const OPEN_RETIREMENTS = `
select id, sink, asked_by, correlation_id from outbox.outbox_command
where done_at is null and command = 'retire' order by asked_at`;

/** Sinks that are not retired, and whether a worker leads them. Parameter: $1 lock class. Index: primary key, one row for each sink. */
export const SINKS_LED = `
select s.name, s.observer, lead.led, ${isAbandoned('lead.led')} as abandoned, p.stored_at as last_stored_at
from outbox.outbox_sink s cross join lateral (select ${IS_LED} as led) lead
left join lateral (select * from outbox.outbox_progress p where p.sink = s.name order by p.number desc limit 1) p on true
where s.state <> 'retired'`;
