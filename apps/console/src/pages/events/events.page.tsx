import { api, read } from '../../api/client.js';
import { FilterForm, type FilterField } from '../../components/filter-form.js';
import { ListState } from '../../components/list-state.js';
import { Empty } from '../../components/states.js';
import { usePageTitle } from '../../components/use-page-title.js';
import { useMe } from '../../session/session.js';
import { useFilteredPages } from '../../url/filtered-pages.js';
import { useFilters } from '../../url/filters.js';
import { EventTable } from './event-table.js';
import { ReplayBar } from './replay-bar.js';
import { RunningReplays } from './running-replays.js';
import { useSelection } from './selection.js';

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
  const { data: me } = useMe();
  const [filters] = useFilters(NAMES);
  const selection = useSelection(JSON.stringify(filters));
  const { change, query } = useFilteredPages(
    'events',
    NAMES,
    (parameters, signal) => read(api.GET('/api/v1/admin/events', { params: { query: parameters }, signal })),
    selection.ids.size > 0,
  );
  return (
    <article>
      <header className="page-head">
        <h1>Events</h1>
        <p className="meta">Newest first. A row leads to the timeline of its request, and its status to the event.</p>
      </header>
      <RunningReplays />
      <FilterForm label="Filters of the events" fields={FIELDS} filters={filters} onChange={change} />
      {typeof me === 'object' && <ReplayBar me={me} filters={filters} selection={selection} loaded={query.items ?? []} />}
      <ListState
        what="events"
        query={query}
        empty={
          <Empty title={Object.keys(filters).length ? 'No event matches the filters.' : 'No event was published yet.'}>
            <p>Events appear here by themselves.</p>
          </Empty>
        }
      >
        <EventTable events={query.items ?? []} label="Events" selection={selection} />
      </ListState>
    </article>
  );
}
