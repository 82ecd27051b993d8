import { Type, type TSchema } from 'typebox';
import { Count, Fields, Id, ListOf, OneOf, OrNull, Text, Timestamp } from '../openapi/schemas.js';
import { AuditEntryView } from './audit-log.views.js';
import { AttemptView, EventView, ReceiptView } from './event.views.js';
import type { TimelineEntry } from './timeline.js';
import { WebhookAttemptEntry, WebhookEntry } from './webhook-trail.views.js';

const KINDS = ['log', 'event', 'audit', 'attempt', 'receipt', 'webhook', 'webhook_attempt'] as const;
const time = Timestamp('The time of the entry.');

const entryOf = <Properties extends Record<string, TSchema>>(kind: (typeof KINDS)[number], properties: Properties) =>
  Fields({ ...properties, time, kind: OneOf('The kind of the entry.', [kind]) });

const LogEntry = Type.Object(
  {
    time,
    kind: OneOf('The kind of the entry.', ['log']),
    event: Type.Optional(Text('The name of the line.', 'request_completed')),
  },
  { description: 'A log line. It has more fields, as the log does.' },
);

export const CorrelationView = Fields(
  {
    correlation_id: Id('The correlation id.'),
    entries: ListOf(
      Type.Unsafe<TimelineEntry>(
        Type.Union([
          LogEntry,
          entryOf('event', EventView.properties),
          entryOf('audit', AuditEntryView.properties),
          entryOf('attempt', AttemptView.properties),
          entryOf('receipt', ReceiptView.properties),
          entryOf('webhook', WebhookEntry.properties),
          entryOf('webhook_attempt', WebhookAttemptEntry.properties),
        ]),
      ),
      'Everything with the correlation id, by time.',
    ),
    truncated: ListOf(
      Fields({
        kind: OneOf('The kind of the entries.', KINDS),
        shown: Count('The number of entries of this kind in the timeline.', 100),
        next: OrNull(Text('The path of the next page of this kind.', '/api/v1/admin/events?cursor=eyJhIjoiMSJ9.c2lnbmF0dXJl')),
        hint: Text('Which entries the timeline shows, and where the others are.', 'The timeline shows the newest.'),
      }),
      'The kinds of entries of which the timeline does not show all.',
    ),
  },
  { $id: 'Correlation' },
);
