import { useKeysetPages } from '../../api/keyset-pages.js';
import { api, read, type Schemas } from '../../api/client.js';
import { usePolling } from '../../api/polling.js';
import { FilterForm, type FilterField } from '../../components/filter-form.js';
import { ListState } from '../../components/list-state.js';
import { Empty } from '../../components/states.js';
import { usePageTitle } from '../../components/use-page-title.js';
import { SavedViews } from '../../saved-views/saved-views.js';
import { useFilters } from '../../url/filters.js';
import { EventTable } from './event-table.js';

type Event = Schemas['Event'];

const STATUSES = ['failed', 'retrying', 'waiting', 'pending', 'published', 'skipped', 'not_wanted'] as const;
const FIELDS = [
  { name: 'status', label: 'Status', options: STATUSES },
  { name: 'event_type', label: 'Type' },
  { name: 'aggregate_id', label: 'Object id' },
  { name: 'correlation_id', label: 'Correlation id' },
  { name: 'organization_id', label: 'Organization id' },
  { name: 'sink', label: 'Sink' },
  { name: 'error', label: 'Text of the error' },
  { name: 'fingerprint', label: 'Fingerprint of the error' },
] as const satisfies readonly FilterField<string>[];
const NAMES = FIELDS.map(({ name }) => name);

/** Answers: what went out, and what is stuck? */
export default function EventsPage() {
  usePageTitle('Events');
  const [filters, change] = useFilters(NAMES);
  const { refetchInterval } = usePolling();
  const query = useKeysetPages<Event>(
    ['events', filters],
    (cursor, signal) =>
      read(
        api.GET('/api/v1/admin/events', {
          params: { query: { ...filters, ...(cursor !== undefined && { cursor }) } as Record<string, string> },
          signal,
        }),
      ),
    refetchInterval,
  );
  return (
    <article>
      <header className="page-head">
        <h1>Events</h1>
        <p className="meta">Newest first. A row leads to the timeline of its request.</p>
      </header>
      <SavedViews list="events" filters={filters} />
      <FilterForm label="Filters of the events" fields={FIELDS} filters={filters} onChange={change} />
      <ListState
        what="events"
        query={query}
        empty={
          <Empty title={Object.keys(filters).length ? 'No event matches the filters.' : 'No event was published yet.'}>
            <p>Events appear here by themselves.</p>
          </Empty>
        }
      >
        <EventTable events={query.items ?? []} label="Events" />
      </ListState>
    </article>
  );
}
