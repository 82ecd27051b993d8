import type { Filters } from '../../url/filters.js';
import { KINDS, type Kind, type TimelineRow } from './entries.js';

export const TIMELINE_FILTERS = ['hide', 'text', 'errors'] as const;
type TimelineFilterValues = Filters<(typeof TIMELINE_FILTERS)[number]>;

const NAMES: Readonly<Record<Kind, string>> = {
  log: 'Log lines',
  event: 'Events',
  audit: 'Audit entries',
  attempt: 'Failed attempts',
  receipt: 'Receipts',
  webhook: 'Webhooks',
  webhook_attempt: 'Webhook attempts',
};

const hiddenKinds = ({ hide = '' }: TimelineFilterValues): readonly string[] => hide.split(',');

export function matchesFilters(row: TimelineRow, filters: TimelineFilterValues): boolean {
  if (hiddenKinds(filters).includes(row.kind)) return false;
  if (filters.errors && row.error === undefined) return false;
  const text = filters.text?.toLowerCase();
  return text === undefined || JSON.stringify(row.entry).toLowerCase().includes(text);
}

/** Chooses the kinds of entries, entries with errors, and entries that contain a text. */
export function TimelineFilters(props: {
  readonly rows: readonly TimelineRow[];
  readonly filters: TimelineFilterValues;
  readonly onChange: (changed: TimelineFilterValues) => void;
}) {
  const { rows, filters, onChange } = props;
  const hidden = hiddenKinds(filters);
  const present = KINDS.filter((kind) => rows.some((row) => row.kind === kind));
  const show = (kind: Kind, isShown: boolean): void =>
    onChange({ hide: KINDS.filter((one) => (one === kind ? !isShown : hidden.includes(one))).join(',') });
  return (
    <form
      className="filters chips"
      role="search"
      aria-label="Entries of the timeline"
      onSubmit={(event) => event.preventDefault()}
    >
      {present.map((kind) => (
        <label key={kind} className={`chip ${kind}`}>
          <input type="checkbox" checked={!hidden.includes(kind)} onChange={(event) => show(kind, event.target.checked)} />
          {NAMES[kind]} <span className="count">{rows.filter((row) => row.kind === kind).length}</span>
        </label>
      ))}
      <label className="chip">
        <input
          type="checkbox"
          checked={filters.errors !== undefined}
          onChange={(event) => onChange({ errors: event.target.checked ? 'only' : '' })}
        />
        Only errors
      </label>
      <input
        type="search"
        aria-label="Text in the entries"
        placeholder="Text in the entries"
        defaultValue={filters.text ?? ''}
        onChange={(event) => onChange({ text: event.target.value })}
      />
    </form>
  );
}
