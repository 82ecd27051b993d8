import type { RoleNames } from '@pikaia/database';

/** Grants insert only on listed columns: a role that can write position, txid or slot could make other events unreadable. */
export const outboxGrants = ({ api, worker, auditOperator }: RoleNames): string => `
grant usage on schema outbox to ${api}, ${worker}, ${auditOperator};
grant insert (event_id, event_type, schema_version, aggregate_type, aggregate_id, organization_id, correlation_id, occurred_at, size, payload)
  on outbox.outbox_log to ${api}, ${worker};
grant usage on sequence outbox.outbox_position to ${api}, ${worker};  -- nextval, not setval
-- The tables, not the view alone: functions in a view read as the caller.
grant select on outbox.outbox_log, outbox.outbox_sink, outbox.outbox_progress, outbox.outbox_delivery, outbox.outbox_attempt,
  outbox.outbox_command, outbox.outbox_replay, outbox.consumer_receipt to ${api}, ${worker}, ${auditOperator};
grant select on public.events_outboxevent to ${api}, ${worker}, ${auditOperator};
grant insert (id, sink, command, arguments, organization_id, asked_by, correlation_id) on outbox.outbox_command to ${api};
grant update (done_at, answer), delete on outbox.outbox_command to ${worker};
grant insert, update (state, failing_since, last_error, leader, leading_since, seen_number, seen_as) on outbox.outbox_sink to ${worker};  -- it registers sinks
grant insert, delete on outbox.outbox_progress to ${worker};  -- never update; delete is for thinning
grant insert, update, delete on outbox.outbox_delivery to ${worker};
grant insert, delete on outbox.outbox_attempt to ${worker};  -- delete is for expiry
grant insert, update (position, matched, sent, skipped, revived, failed, last_error, done_at), delete on outbox.outbox_replay to ${worker};
grant insert, update, delete on outbox.consumer_receipt to ${worker};
grant execute on function outbox.empty_slot to ${worker};
`;
