import { COMMANDS } from '@pikaia/events';
import { Type } from 'typebox';
import { Count, Fields, Flag, Id, ListOf, OneOf, OrNull, PageOf, Text, Timestamp } from '../openapi/schemas.js';

const commandStatus = OneOf('`refused`: every sink refused it. `failed`: at least one sink failed.', [
  'pending',
  'running',
  'done',
  'refused',
  'failed',
]);
const sink = Text('The name of the sink.', 'local/welcome-email');

const Answer = Type.Object(
  {
    outcome: OneOf('The result of the command.', ['done', 'refused', 'failed']),
    reason: Type.Optional(Text('Why the command was refused or failed.', 'the sink is not paused')),
  },
  { description: 'The result of the command, with other fields that depend on it.' },
);

const position = (description: string) => Text(`${description}, a 64-bit integer as text.`, '1042');

const Progress = Fields(
  {
    matched: Count('The events that matched so far.', 10),
    sent: Count('The events that the sink accepted.', 8),
    skipped: Count('The events whose handler skips replays.'),
    dead_letters: Count('The dead letters that are retried.', 2),
    failed: Count('The events that the sink refused.'),
    last_error: OrNull(Text('The last error.', 'the mailbox is full')),
    canceled: Flag('True if the replay was canceled and ends once none of its events is in flight.'),
    rate: OrNull(Count('The maximum number of events per second. Null: no limit.', 100)),
    started_at: Timestamp('The time of the start.'),
    elapsed_ms: Count('The milliseconds since the start.', 1200),
    start_position: position('The place in the log at which the replay began'),
    position: position('The place that it has reached'),
    end_position: position('The place at which it ends'),
    share: Type.Number({ description: 'The part of the log that was read, from 0 to 1.', examples: [0.25] }),
  },
  { $id: 'ReplayProgress', description: 'The progress of a replay that is not done, as of its last stored batch.' },
);

export const CommandView = Fields(
  {
    id: Id('The id of the command.'),
    command: OneOf('The command.', COMMANDS),
    status: commandStatus,
    arguments: Type.Unknown({ description: 'The arguments of the command, as they are stored.', examples: [{ rate: 100 }] }),
    asked_by: Text('Who requested the command.', 'olivia@example.com'),
    asked_at: Timestamp('The time of the request.'),
    reason: OrNull(Text('Why the command was given.', 'The mail provider is down.')),
    correlation_id: OrNull(
      Id('Joins the log lines and the audit entry of the request. Null for a command that was given by SQL.'),
    ),
    sinks: ListOf(
      Fields({
        sink,
        status: commandStatus,
        done_at: OrNull(Timestamp('The time of the answer.')),
        answer: OrNull(Answer),
        expected: OrNull(Count('The events that matched when a replay was given. Null: not counted, or more than 10,000.', 42)),
        progress: Type.Optional(Progress),
      }),
      'The answers of the sinks.',
    ),
  },
  { $id: 'Command' },
);
export const CommandPage = PageOf(CommandView);

const bounded = 'Counting stops at 10,001.';

export const SinkStatusView = Fields(
  {
    name: sink,
    state: OneOf('The state of the sink.', ['active', 'paused', 'retired']),
    ordering: OneOf('`aggregate`: events of one object stay in order.', ['aggregate', 'none']),
    observer: Flag('True for a sink on which no status of an event depends.'),
    leader: OrNull(
      Fields({ worker: Text('The worker that leads the sink.', 'worker-1'), since: OrNull(Timestamp('The start of its term.')) }),
    ),
    abandoned: Flag('True if no worker leads the sink while workers lead others.'),
    last_stored_at: OrNull(Timestamp('The time of the newest cursor.')),
    backlog: Count(`The events that the sink has not received. ${bounded}`),
    lag_ms: OrNull(Type.Number({ description: 'The age of the oldest event in the backlog.', examples: [120] })),
    accepted_last_minute: Count('The events that the sink received in the last minute.', 12),
    event_types: OrNull(ListOf(Text('An event type.', 'member.invited'), 'The types that the sink has registered. Null: all.')),
    failing_since: OrNull(Timestamp('The time since which the sink fails.')),
    last_error: OrNull(Text('The last error.', 'connect ECONNREFUSED')),
    leader_failing_since: OrNull(Timestamp('The time since which the leaders of the sink repeatedly start and fail.')),
    leader_error: OrNull(Text('The error of the leader.', 'the sink has no credentials')),
    retrying: Count(`The events that are retried. ${bounded}`),
    waiting: Count(`The events that wait behind another one. ${bounded}`),
    failed: Count(`The dead letters. ${bounded}`),
    unhandled: ListOf(
      Fields({
        event_type: Text('The type of the events.', 'member.invited'),
        schema_version: Count('The version of the contract.', 2),
        count: Count(`The events. ${bounded}`, 3),
        oldest_event_id: Id('The oldest of the events.'),
      }),
      'The types and versions that no worker handles.',
    ),
    replays: Count('The replays that are not done.'),
    registered_at: Timestamp('The time at which the sink was first seen.'),
  },
  { $id: 'SinkStatus' },
);

const Slot = Fields(
  {
    slot: Count('The number of the slot.', 1),
    rows: Type.Number({ description: 'An estimate of the rows.', examples: [1042] }),
    bytes: Count('The size.', 8192),
    oldest: OrNull(Timestamp('The time of the oldest event.')),
    newest: OrNull(Timestamp('The time of the newest event.')),
    not_handed_over_to: ListOf(sink, 'The sinks that have not received all events of the slot.'),
  },
  { $id: 'SlotStatus' },
);

export const OutboxStatusView = Fields(
  { sinks: ListOf(SinkStatusView, 'The sinks.'), slots: ListOf(Slot, 'The slots of the log.') },
  { $id: 'OutboxStatus' },
);
