import { redactValue } from '@pikaia/core';
import type { AttemptView, EventView, ReceiptView } from '@pikaia/events';
import type { LogLine } from './log-lines.js';
import type { findWebhooks } from './webhook-trail.js';

/** One entry of the timeline. `kind` determines the other fields. */
export interface TimelineEntry {
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly kind: 'log' | 'event' | 'attempt' | 'receipt' | 'audit' | 'webhook' | 'webhook_attempt';
  readonly [field: string]: unknown;
}

type Webhooks = Awaited<ReturnType<typeof findWebhooks>>;

interface TimelineSources {
  readonly logs: readonly LogLine[];
  readonly events: readonly EventView[];
  readonly attempts: readonly AttemptView[];
  readonly receipts: readonly ReceiptView[];
  readonly audit: readonly { readonly created_at: Date | string }[];
  readonly webhooks?: Webhooks['deliveries']['data'];
  readonly webhookAttempts?: Webhooks['attempts']['data'];
}

/** Merges all sources into one chronological list. At equal times, a cause precedes its effect. */
export function timelineOf({
  logs,
  events,
  attempts,
  receipts,
  audit,
  webhooks = [],
  webhookAttempts = [],
}: TimelineSources): TimelineEntry[] {
  const entries: TimelineEntry[] = [
    ...redactValue(logs).map((line) => ({ ...line, time: String(line['timestamp']), kind: 'log' as const })),
    ...redactValue(audit).map((entry) => ({ ...entry, time: iso(entry.created_at), kind: 'audit' as const })),
    ...events.map((event) => ({ ...event, time: iso(event.occurred_at), kind: 'event' as const })),
    ...attempts.map((attempt) => ({ ...attempt, time: iso(attempt.attempted_at), kind: 'attempt' as const })),
    ...receipts.map((receipt) => ({
      ...receipt,
      time: iso(receipt.done_at ?? receipt.claimed_until!),
      kind: 'receipt' as const,
    })),
    ...webhooks.map((webhook) => ({ ...webhook, time: iso(webhook.created_at), kind: 'webhook' as const })),
    ...webhookAttempts.map((attempt) => ({ ...attempt, time: iso(attempt.started_at), kind: 'webhook_attempt' as const })),
  ];
  return entries.sort((a, b) => Date.parse(a.time) - Date.parse(b.time)); // stable: the source order decides equal times
}

const iso = (time: Date | string): string => (typeof time === 'string' ? time : time.toISOString());
