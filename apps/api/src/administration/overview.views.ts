import { Count, Fields, Flag, Id, ListOf, OneOf, OrNull, Text, Timestamp } from '../openapi/schemas.js';
import { SinkStatusView } from './outbox.views.js';

const list = Text('The path of the list of these events.', '/api/v1/admin/events?sink=local%2Fwelcome-email&status=failed');
const sink = Text('The name of the sink.', 'local/welcome-email');

const OverviewSink = Fields(
  {
    ...SinkStatusView.properties,
    lists: Fields({ pending: list, retrying: list, waiting: list, failed: list }),
  },
  { $id: 'OverviewSink' },
);

const Throughput = Fields(
  {
    sink,
    observer: Flag('True for a sink on which no status of an event depends.'),
    accepted: ListOf(Count('A number of events.', 12), 'The events that the sink accepted in each minute.'),
    failed_attempts: ListOf(
      OrNull(Count('A number of attempts.')),
      'The failed attempts in each minute. Null for a minute before the 50,000 newest, which are counted.',
    ),
  },
  { $id: 'SinkThroughput' },
);

const minutes = (description: string) => ListOf(OrNull(Count('A number.', 3)), description);

const OrganizationThroughput = Fields(
  {
    since: Timestamp('The beginning of the first minute.'),
    published: minutes(
      'The events that were published in each minute. Null for a minute before the 50,000 newest, which are counted.',
    ),
    failed_attempts: minutes(
      'The failed attempts to deliver events in each minute. Null for a minute before the newest attempts, which are searched.',
    ),
  },
  { $id: 'OrganizationThroughput' },
);

const FailureGroup = Fields(
  {
    sink,
    status: OneOf('`retrying`: the sink gets the events again. `failed`: they are dead letters.', ['failed', 'retrying']),
    event_type: Text('The type of the events.', 'member.invited'),
    fingerprint: Text('Equal for errors that differ only in ids, numbers and quoted values.', '3f2a9c0d1e4b5a67'),
    count: Count('The number of events.', 3),
    is_capped: Flag('True if there may be more: at most 10,000 events of each sink and status are grouped.'),
    first_at: Timestamp('The first time at which an event of the group got its status.'),
    last_at: Timestamp('The last time.'),
    example: Fields({
      event_id: Id('The newest event of the group.'),
      error: Text('Its last error, without personal data.', 'the mailbox is full'),
    }),
    list,
  },
  { $id: 'FailureGroup' },
);

export const OverviewView = Fields(
  {
    organization: OrNull(OrganizationThroughput),
    sinks: ListOf(OverviewSink, 'The sinks.'),
    since: OrNull(Timestamp('The beginning of the first minute. Null without a sink.')),
    throughput: ListOf(Throughput, 'For each sink its last 60 minutes, the oldest first. The last minute is not complete.'),
    failures: ListOf(FailureGroup, 'At most 50 groups of failures, the largest first.'),
    has_more_failures: Flag('True if there are more groups.'),
  },
  { $id: 'Overview' },
);
