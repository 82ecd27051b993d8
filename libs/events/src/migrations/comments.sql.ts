/** Comments that replace those of the earlier migrations. docs/schema.md shows them. Locks: each object, briefly. */
export const outboxComments = `
comment on table outbox.consumer_receipt is 'One row per event that a consumer has handled, or has claimed for an effect outside the database';
comment on column outbox.consumer_receipt.replay is 'The replay that delivered the event again; all zeros for the first delivery';
comment on index outbox.consumer_receipt_event is 'the consumers that have handled one event';
comment on index outbox.consumer_receipt_expiry is 'which receipts are old; they are in time order, so a few pages suffice';

comment on table outbox.outbox_attempt is 'One row per failed attempt; a success leaves none';

comment on table outbox.outbox_command is 'The commands of operators and admins, one row per sink; the leader of the sink executes the command and stores the answer in the row';
comment on column outbox.outbox_command.organization_id is 'The only organization whose events the command may touch; null: all organizations';
comment on index outbox.outbox_command_open is 'the commands that the leader has not answered';

comment on table outbox.outbox_delivery is 'The events that a sink refused or postponed, and those that wait behind them; only the leader of the sink writes it. A row can outlive its log row';
comment on index outbox.outbox_delivery_aggregate is 'whether an aggregate is blocked, and by which delivery';

comment on table outbox.outbox_log is 'One row per event, written in the business transaction; only a rebase after a restore updates it';
comment on column outbox.outbox_log.position is 'Assigned at the insert; rows can become visible in another order';
comment on column outbox.outbox_log.slot is 'The partition: the day of the insert modulo 12';
comment on column outbox.outbox_log.size is 'Bytes of the event as sent; limits how much one read returns';
comment on column outbox.outbox_log.payload is 'The text of the envelope, delivered as it was written';
comment on index outbox.outbox_log_position is 'new rows: those above the position of a cursor';
comment on index outbox.outbox_log_txid is 'late rows: those whose transactions the snapshot of a cursor does not show';
do $$ begin
  for i in 0..11 loop
    execute format('comment on index outbox.outbox_log_%s_event_id is %L', i, 'one event by its id; an index on the parent would have to contain the slot');
  end loop;
end $$;

comment on table outbox.outbox_progress is 'The cursors. Rows are only added, except by a rebase. The highest number is the cursor of a sink, number 0 its start';
comment on column outbox.outbox_progress.late_position is 'While late rows are read in slices: the position that the slices have reached';
comment on column outbox.outbox_progress.late_snapshot is 'While late rows are read in slices: the snapshot in which they were found';
comment on column outbox.outbox_progress.accepted is 'Events that the sink accepted since the previous row, for the throughput';
comment on column outbox.outbox_progress.txid is 'The transaction that wrote the row; differs from xmin in a restored dump';
comment on index outbox.outbox_progress_position is 'when an event was published: the first cursor that covers it';

comment on table outbox.outbox_replay is 'The replays that run or have ended; the id is that of the command, and part of the key of the receipts';
comment on column outbox.outbox_replay.most is 'Maximum number of events; null: all that match';
comment on column outbox.outbox_replay.rate is 'Maximum events per second; null: as fast as the sink accepts them';
comment on column outbox.outbox_replay.snapshot is 'The cursor''s snapshot at the start of the replay; only events that were settled by then are sent again';
comment on column outbox.outbox_replay.position is 'The position that the replay has reached; after a crash it continues from here';
comment on column outbox.outbox_replay.skipped is 'Events whose handler declares that it skips replays';
comment on column outbox.outbox_replay.revived is 'Dead letters that are retried, in the order of their aggregate';
comment on index outbox.outbox_replay_open is 'the replay that a leader continues';

comment on table outbox.outbox_sink is 'The sinks: the destinations of events, each with its own cursor';
comment on column outbox.outbox_sink.failing_since is 'Since when the sink has been unreachable; null while it is reachable. Independent of pausing';
comment on column outbox.outbox_sink.leader is 'The worker that last became the leader; the sink''s advisory lock shows whether it still is';
comment on column outbox.outbox_sink.seen_number is 'The newest cursor when the destination was last seen, for sinks with a check; if the destination was missing since, the sink goes back to it';
comment on column outbox.outbox_sink.seen_as is 'The identity of the destination when it was last seen; null while it is missing';
comment on column outbox.outbox_sink.leader_failing_since is 'Since when the terms of its leaders end with an error soon after they begin; null after a term that lasts';
comment on column outbox.outbox_sink.leader_error is 'The error that ended the last of these terms';

comment on column outbox.outbox_sink_type.event_type is 'A type, or an asterisk for every type';
comment on index outbox.outbox_sink_type_open is 'the types that a sink receives now';
comment on index outbox.outbox_sink_type_sink is 'whether a sink receives an event, now or at an earlier time';

comment on function outbox.covers is 'Whether a cursor covers an event: the event was settled when the cursor was stored. Null without a cursor';
comment on function outbox.wants is 'Whether a sink receives an event, by the types that it had registered';
comment on function outbox.state_at is 'The state of an event at one sink. A delivery overrides the cursor. No row: the event is older than the start of the sink';
comment on function outbox.state_of(uuid, bigint, xid8) is 'The state of an event over all sinks, except retired ones and those that started after it: the most serious status among the sinks, in this order: failed, pending, retrying, waiting, skipped, published. Always one row. Used by older versions';
comment on function outbox.state_of(uuid, text, bigint, xid8) is 'The state of an event over all sinks, except retired ones and those that started after it: the most serious status among the sinks, in this order: failed, pending, retrying, waiting, skipped, published, not_wanted. Always one row';
comment on function outbox.state_without_log is 'The state of an event whose log row is gone: every sink has settled it, so its deliveries decide';
comment on function outbox.empty_slot is 'Empties a slot whose newest row is older than keep, or returns why not; a dry run locks and empties nothing. Runs with the privileges of its owner, so no role needs the privilege to truncate, and no caller can leave out the check';
comment on view public.events_outboxevent is 'Each event with its exact status, including an event whose log row is gone while a delivery of it is kept; for questions about few events';
`;
