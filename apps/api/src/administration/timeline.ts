import { redactValue } from '@pikaia/core';
import type { EventView, AttemptView, ReceiptView } from './events.repository.js';
import type { LogLine } from './log-lines.js';

/** One thing that happened; `kind` says what the other fields are. */
export interface TimelineEntry {
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly kind: 'log' | 'event' | 'attempt' | 'receipt' | 'audit';
  readonly [field: string]: unknown;
}

interface Trail {
  readonly logs: readonly LogLine[];
  readonly events: readonly EventView[];
  readonly attempts: readonly AttemptView[];
  readonly receipts: readonly ReceiptView[];
  readonly audit: readonly { readonly created_at: Date | string }[];
}

/** All that one correlation id left behind, in order of time; at the same time, cause before effect. */
export function timelineOf({ logs, events, attempts, receipts, audit }: Trail): TimelineEntry[] {
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
  ];
  return entries.sort((a, b) => Date.parse(a.time) - Date.parse(b.time)); // stable: the order above decides equal times
}

const iso = (time: Date | string): string => (typeof time === 'string' ? time : time.toISOString());
