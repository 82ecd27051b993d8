import type { Schemas } from '../../api/client.js';
import { countText } from '../../components/count-text.js';

export type ReplayFilter = Schemas['ReplayFilterRequest'];
export type PreviewedSink = Schemas['PreviewedSink'];

/** The conditions that the list of events and a replay share. */
const SHARED = [
  'event_type',
  'aggregate_type',
  'aggregate_id',
  'organization_id',
  'correlation_id',
  'error',
  'fingerprint',
  'actor_id',
  'from',
  'to',
] as const;

type ListFilters = Readonly<Partial<Record<string, string>>>;

/** A replay that selects the events of a list, or why there is none. */
export type ReplayOfList = { readonly filter: ReplayFilter; readonly sink: string | undefined } | { readonly impossible: string };

const isReplayable = (status: string | undefined): status is ReplayFilter['status'] =>
  status === undefined || status === 'failed' || status === 'published';

/** Translates the filters of the list of events into those of a replay. */
export function replayOfList(filters: ListFilters): ReplayOfList {
  const { sink, status, event_id: id, ...others } = filters;
  if (!isReplayable(status))
    return {
      impossible: `A replay takes events that failed or were published. Events that are ${status!.replaceAll('_', ' ')} can only be selected.`,
    };
  const unknown = Object.keys(others).find((name) => !SHARED.some((one) => one === name));
  if (unknown !== undefined) return { impossible: `A replay cannot select events by ${unknown.replaceAll('_', ' ')}.` };
  const filter: ReplayFilter = { ...others, ...(status && { status }), ...(id !== undefined && { event_ids: [id] }) };
  if (Object.keys(filter).length === 0) return { impossible: 'Choose a filter first, such as a status or a type.' };
  return { filter, sink };
}

/** Says what a replay would do at one sink. */
export function previewText(sink: PreviewedSink): string {
  const { matched, dead_letters: retried, first_deliveries: first, skipped, state, is_capped: isCapped } = sink;
  if (matched === 0) return isCapped ? 'No event among the newest 100,000 of the log.' : 'Nothing is sent.';
  const resent = matched - retried - first - skipped;
  const parts = [
    ...(resent > 0 ? [`${countText(resent, 'event', isCapped)} sent again`] : []),
    ...(retried > 0 ? [`${countText(retried, 'failed event', isCapped)} retried`] : []),
    ...(first > 0 ? [`${countText(first, 'event', isCapped)} sent for the first time`] : []),
    ...(skipped > 0 ? [`${countText(skipped, 'event', isCapped)} skipped, because the handler skips replays`] : []),
  ];
  return `${parts.join(', ')}.${state === 'paused' ? ' The sink is paused: this begins when it is resumed.' : ''}`;
}

/** Names the conditions of a replay, such as `events with status failed, event type member.invited`. */
export function filterText(filter: object): string {
  const { event_id: id, event_ids: ids, ...others } = filter as Readonly<Record<string, unknown>>;
  const named = (Array.isArray(ids) ? ids.length : 0) + (id === undefined ? 0 : 1);
  const conditions = Object.entries(others).map(([name, value]) => `${name.replaceAll('_', ' ')} ${String(value)}`);
  const events = named > 0 ? countText(named, 'event') : 'events';
  return conditions.length ? `${events} with ${conditions.join(', ')}` : events;
}
