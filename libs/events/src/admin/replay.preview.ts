import { currentManager, queryJsonRows } from '@pikaia/database';
import type { ReplayFilter } from '../commands/command.js';
import { filterValues, isSelection } from '../commands/replay.js';
import { PREVIEW_OF_REPLAY, PREVIEW_OF_SELECTION, REPLAY_RANGE } from '../commands/replay.sql.js';
import type { SinkState } from '../log/sink-state.js';
import { MAX_COUNTED, MAX_SCANNED } from './event-log.sql.js';
import { slotsOf } from './log-slots.js';

/** The number of events of one type that a replay would send to a sink. */
export interface TypePreview {
  readonly event_type: string;
  readonly matched: number;
  /** Dead letters, which are retried. */
  readonly dead_letters: number;
  /** Events that the sink has never handled, because it registered their type later. */
  readonly first_deliveries: number;
}

/** What a replay would send to one sink. */
export interface SinkPreview {
  readonly sink: string;
  /** A replay of a paused sink begins when the sink is resumed. */
  readonly state: SinkState;
  readonly event_types: readonly TypePreview[];
  /** True if more events may match: counting stops at 10,000 events, and after the newest 100,000 of the log. */
  readonly is_capped: boolean;
}

interface Range {
  readonly low: string;
  readonly high: string;
  readonly snapshot: string;
}

interface Counted {
  readonly event_types: readonly TypePreview[];
  readonly is_partial: boolean;
}

/** Counts by type what a replay would send to a sink now. Writes nothing, and its cost is bounded. */
export async function previewReplay(sink: string, filter: ReplayFilter): Promise<Omit<SinkPreview, 'sink' | 'state'>> {
  const manager = currentManager();
  const [range] = await queryJsonRows<Range>(manager, REPLAY_RANGE, [sink, JSON.stringify(filter)]);
  if (!range) return { event_types: [], is_capped: false }; // the sink has received no event
  const statement = isSelection(filter) ? PREVIEW_OF_SELECTION : PREVIEW_OF_REPLAY;
  const { low, high, snapshot } = range;
  const slots = slotsOf(filter.from, filter.to, Date.now());
  const values = [sink, low, high, snapshot, MAX_SCANNED, MAX_COUNTED, ...filterValues(filter), slots];
  const [counted] = await queryJsonRows<Counted>(manager, statement, values);
  const { event_types: types, is_partial: isPartial } = counted!;
  const matched = types.reduce((sum, type) => sum + type.matched, 0);
  return { event_types: types, is_capped: isPartial || matched === MAX_COUNTED };
}
