import { EVENT_STATUSES } from '@pikaia/events';
import { Type } from 'typebox';
import { AnyObject, Count, Fields, Flag, Id, ListOf, OneOf, OrNull, PageOf, Text, Timestamp } from '../openapi/schemas.js';
import { NotShortened, ShortenedView } from './shortened.view.js';

const eventId = Id('The id of the event.');
const status = OneOf('The status of the event across all sinks.', EVENT_STATUSES);
const sink = Text('The name of the sink.', 'local/welcome-email');

/** The fields that identify an event and its object. */
const related = {
  event_id: eventId,
  event_type: Text('The type of the event.', 'member.invited'),
  aggregate_type: Text('The type of the object that changed.', 'member'),
  aggregate_id: Text('The id of the object that changed.', '019c12f4-7175-7abc-8504-af03c46f1d1b'),
  occurred_at: Timestamp('The time at which the application published the event.'),
  status,
};

const DecidingDelivery = Fields({
  sink,
  attempts: Count('The failed attempts.'),
  last_error: OrNull(Text('The last error.', 'the mailbox is full')),
});

const event = {
  ...related,
  position: Text('The place in the log, a 64-bit integer as text. A later event can have a lower one.', '1042'),
  schema_version: Count('The version of the contract.', 1),
  organization_id: OrNull(Text('The organization.', '019c12f4-7175-7abc-8504-af03c46f1d1b')),
  correlation_id: OrNull(Id('Joins the log lines, events and audit entries of one request.')),
  causation_id: OrNull(Id('The event whose handler published this one. Null if no event caused it.')),
  recorded_at: OrNull(Timestamp('The time of the insert by the clock of the database. Null once the row of the log is gone.')),
  attempts: Count('The failed attempts at the sink that decides the status.'),
  last_error: OrNull(Text('The last error of the same sink.', 'the mailbox is full')),
  deciding_deliveries: ListOf(DecidingDelivery, 'The deliveries that have the status of the event, the last changed one first.'),
  published_at: OrNull(Timestamp('The time at which the last sink received the event. Null unless every sink received it.')),
  payload: OrNull(
    AnyObject('The event as it is delivered. Operators see personal data masked. Null if `shortened` is set.', {
      event_type: 'member.invited',
      data: { email: 'bob@example.com' },
    }),
  ),
};

export const EventView = Fields({ ...event, shortened: OrNull(ShortenedView) }, { $id: 'Event' });
export const EventPage = PageOf(EventView);

export const EventCountView = Fields(
  {
    count: Count('The number of events, at most 10,000.', 42),
    is_capped: Flag('True if there may be more events: the count stops at 10,000, or after it has examined too many rows.'),
  },
  { $id: 'EventCount' },
);

const Delivery = Fields(
  {
    ...DecidingDelivery.properties,
    status: OneOf('The status at this sink. `not_wanted`: the sink had not registered the type.', EVENT_STATUSES),
    next_attempt_at: OrNull(Timestamp('The time of the next attempt.')),
    updated_at: OrNull(Timestamp('The time of the last change. Null unless a delivery is stored.')),
    published_at: OrNull(Timestamp('The time at which the sink received the event.')),
    waits_behind: OrNull(
      Id('The first unsettled event of the same object at this sink, behind which this one waits. Null unless it is `waiting`.'),
    ),
  },
  { $id: 'Delivery' },
);

export const AttemptView = Fields(
  {
    event_id: eventId,
    sink,
    attempted_at: Timestamp('The time of the attempt.'),
    error: Text('The error.', 'the mailbox is full'),
  },
  { $id: 'FailedAttempt' },
);

const receipt = {
  event_id: eventId,
  consumer: Text('The name of the consumer.', 'welcome-email'),
  state: OneOf('`claimed` while an external handler runs.', ['claimed', 'done']),
  claimed_until: OrNull(Timestamp('The end of the claim.')),
  done_at: OrNull(Timestamp('The time at which the handler finished.')),
  result: Type.Unknown({ description: 'The value that the handler returned. Null if `shortened` is set.', examples: [null] }),
};

export const ReceiptView = Fields({ ...receipt, shortened: OrNull(ShortenedView) }, { $id: 'ListedReceipt' });

const RelatedEvent = Fields(related, { $id: 'RelatedEvent' });

export const EventDetailsView = Fields(
  {
    ...event,
    shortened: NotShortened,
    cause: OrNull(RelatedEvent),
    caused: ListOf(RelatedEvent, 'The events that handlers of this event published, oldest first.'),
    deliveries: ListOf(Delivery, 'The deliveries to the sinks.'),
    failed_attempts: ListOf(AttemptView, 'The newest failed attempts.'),
    receipts: ListOf(Fields({ ...receipt, shortened: NotShortened }, { $id: 'Receipt' }), 'The newest receipts of consumers.'),
    truncated: ListOf(
      OneOf('The name of a list.', ['caused', 'failed_attempts', 'receipts']),
      'The lists that are not complete.',
    ),
  },
  { $id: 'EventDetails' },
);
