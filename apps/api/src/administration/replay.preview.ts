import type { SinkPreview } from '@pikaia/events';
import { CONSUMERS } from '@pikaia/reactions';

/** What a replay would do at one sink. */
export interface PreviewedSink extends Omit<SinkPreview, 'event_types'> {
  readonly matched: number;
  /** Dead letters, which are retried. */
  readonly dead_letters: number;
  /** Events that the sink has never handled. */
  readonly first_deliveries: number;
  /** Events whose handler skips replays. */
  readonly skipped: number;
}

/** Adds up the types of a sink. A handler skips only events that the sink has handled before. */
export function previewedSink({ event_types: types, ...sink }: SinkPreview, consumers = CONSUMERS): PreviewedSink {
  const consumer = consumers.find(({ name }) => sink.sink === `local/${name}`);
  const counts = { matched: 0, dead_letters: 0, first_deliveries: 0, skipped: 0 };
  for (const { event_type: type, ...count } of types) {
    for (const name of ['matched', 'dead_letters', 'first_deliveries'] as const) counts[name] += count[name];
    if (consumer?.typesSkippedInReplays.includes(type))
      counts.skipped += count.matched - count.dead_letters - count.first_deliveries;
  }
  return { ...sink, ...counts };
}
