import { api, read, type Schemas } from '../../api/client.js';
import { FilterForm, type FilterField } from '../../components/filter-form.js';
import { ListState } from '../../components/list-state.js';
import { Empty } from '../../components/states.js';
import { usePageTitle } from '../../components/use-page-title.js';
import { useFilteredPages } from '../../url/filtered-pages.js';
import { EventTable } from './event-table.js';

type Event = Schemas['Event'];

const STATUSES = ['failed', 'retrying', 'waiting', 'pending', 'published', 'skipped', 'not_wanted'] as const;
const FIELDS = [
  { name: 'status', label: 'Status', options: STATUSES },
  { name: 'event_type', label: 'Type' },
  { name: 'aggregate_id', label: 'Object id' },
  { name: 'correlation_id', label: 'Correlation id' },
  { name: 'organization_id', label: 'Organization id' },
  { name: 'error', label: 'Text of the error' },
] as const satisfies readonly FilterField<string>[];
const NAMES = FIELDS.map(({ name }) => name);

/** Answers: what went out, and what is stuck? */
export default function EventsPage() {
  usePageTitle('Events');
  const { filters, change, query } = useFilteredPages('events', NAMES, (parameters, signal) =>
    read(api.GET('/api/v1/admin/events', { params: { query: parameters }, signal })),
  );
  return (
    <article>
      <header className="page-head">
        <h1>Events</h1>
        <p className="meta">Newest first. A row leads to the timeline of its request.</p>
      </header>
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
