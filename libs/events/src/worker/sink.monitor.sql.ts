import { IS_LED } from '../log/sink-lock.js';

/** Open commands that retire a sink. Index: outbox_command_open. */
export const OPEN_RETIREMENTS = `
select id, sink, asked_by, correlation_id from outbox.outbox_command
where done_at is null and command = 'retire' order by asked_at`;

/** Sinks that are not retired, and whether a worker leads them. Parameter: $1 lock class. */
export const SINKS_LED = `select s.name, ${IS_LED} as led from outbox.outbox_sink s where s.state <> 'retired'`;
