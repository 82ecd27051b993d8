import { Link } from 'wouter';
import { api, read, type Schemas } from '../../api/client.js';
import { FilterForm, type FilterField } from '../../components/filter-form.js';
import { ListState } from '../../components/list-state.js';
import { Changes } from '../../components/changes.js';
import { Moment } from '../../components/moment.js';
import { Empty } from '../../components/states.js';
import { usePageTitle } from '../../components/use-page-title.js';
import { SavedViews } from '../../saved-views/saved-views.js';
import { actorPage, objectPage, timelinePage } from '../../url/pages.js';
import { useFilteredPages } from '../../url/filtered-pages.js';

type AuditEntry = Schemas['AuditEntry'];

const FIELDS = [
  { name: 'action', label: 'Action' },
  { name: 'actor_id', label: 'Actor id' },
  { name: 'aggregate_type', label: 'Object type' },
  { name: 'aggregate_id', label: 'Object id' },
  { name: 'changed', label: 'Changed field' },
  { name: 'correlation_id', label: 'Correlation id' },
  { name: 'organization_id', label: 'Organization id' },
] as const satisfies readonly FilterField<string>[];
const NAMES = FIELDS.map(({ name }) => name);

/** Answers: who did what? */
export default function AuditPage() {
  usePageTitle('Audit log');
  const { filters, change, query } = useFilteredPages('audit-logs', NAMES, (parameters, signal) =>
    read(api.GET('/api/v1/admin/audit-logs', { params: { query: parameters }, signal })),
  );
  return (
    <article>
      <header className="page-head">
        <h1>Audit log</h1>
        <p className="meta">Newest first. An action such as member.* selects all actions on members.</p>
      </header>
      <SavedViews list="audit" filters={filters} />
      <FilterForm label="Filters of the audit log" fields={FIELDS} filters={filters} onChange={change} />
      <ListState
        what="entries"
        query={query}
        empty={<Empty title={Object.keys(filters).length ? 'No entry matches the filters.' : 'Nothing was recorded yet.'} />}
      >
        <ol className="sentences">
          {query.items?.map((entry) => (
            <li key={entry.id}>
              <Sentence entry={entry} />
              <details>
                <summary>Changes</summary>
                <Changes diff={entry.diff} changed={entry.changed} />
              </details>
            </li>
          ))}
        </ol>
      </ListState>
    </article>
  );
}

const Sentence = ({ entry }: { readonly entry: AuditEntry }) => (
  <p>
    <Link href={actorPage(entry.actor_id)}>{entry.actor_email ?? entry.actor_id}</Link>{' '}
    <Link href={`/audit/${entry.id}`} className="row-link">
      {entry.action}
    </Link>{' '}
    on{' '}
    <Link href={objectPage(entry.aggregate_type, entry.aggregate_id)} title={entry.aggregate_id}>
      {entry.aggregate_type} <code>{entry.aggregate_id.slice(-8)}</code>
    </Link>
    <span className="meta">
      {' '}
      <Moment at={entry.created_at} />
      {entry.ip_address !== null && ` from ${entry.ip_address}`} · <Link href={timelinePage(entry.correlation_id)}>timeline</Link>
    </span>
  </p>
);
