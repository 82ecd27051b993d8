import { IS_LED } from '../admin/status.sql.js';

/** Sinks that somebody wants given up. Through outbox_command_open. */
export const OPEN_RETIREMENTS = `
select id, sink, asked_by, correlation_id from outbox.outbox_command
where done_at is null and command = 'retire' order by asked_at`;

/** The lock of a sink's leader, until the transaction ends; never waits. $1 class, $2 sink. */
export const LOCK_SINK = 'select pg_try_advisory_xact_lock($1, hashtext($2)) as locked';

/** Which sinks are led, and by whom, and whether their leaders fail; $1 the lock's class. */
export const SINKS_LED = `select s.name, s.leader, s.leader_failing_since is not null as failing, ${IS_LED} as led from outbox.outbox_sink s where s.state <> 'retired'`;
