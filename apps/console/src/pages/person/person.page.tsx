import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { api, ApiProblem, read, type Schemas } from '../../api/client.js';
import { usePolling } from '../../api/polling.js';
import { CopyableId } from '../../components/copyable.js';
import { FilterForm } from '../../components/filter-form.js';
import { ListState } from '../../components/list-state.js';
import { personText } from '../../components/masked.js';
import { Moment } from '../../components/moment.js';
import { ProblemState, StaleNotice } from '../../components/problem.js';
import { Empty, EmptyPage, Loading } from '../../components/states.js';
import { Status } from '../../components/status.js';
import { Table } from '../../components/table.js';
import { usePageTitle } from '../../components/use-page-title.js';
import { useMe, type Me, type SignedOut } from '../../session/session.js';
import { useFilteredPages } from '../../url/filtered-pages.js';
import { useFilters } from '../../url/filters.js';
import { activityQuery, FIELDS, NAMES, OWN_NAMES } from './activity-filters.js';
import { ActivityList, type Activity } from './activity-list.js';

type Person = Schemas['Person'];

/** Answers: what did this user do, and what was done to them? */
export default function PersonPage({ id }: { readonly id: string }) {
  const { refetchInterval } = usePolling();
  const { data, error, refetch } = useQuery({
    queryKey: ['person', id],
    queryFn: ({ signal }) => read(api.GET('/api/v1/admin/people/{id}', { params: { path: { id } }, signal })),
    refetchInterval,
  });
  usePageTitle(data ? nameOf(data) : 'Person');
  if (error instanceof ApiProblem && (error.status === 404 || error.status === 400)) return <NothingFound id={id} />;
  if (!data) return error ? <ProblemState error={error} onRetry={() => void refetch()} /> : <Loading what="the person" />;
  return (
    <article>
      <StaleNotice error={error} />
      <Head person={data} />
      <Memberships person={data} />
      <section aria-labelledby="activity">
        <h2 id="activity">What did this person do, and what was done to them?</h2>
        <ActivityOf id={id} />
      </section>
    </article>
  );
}

const nameOf = ({ name, email }: Person): string => personText(name ?? email);

const Head = ({ person }: { readonly person: Person }) => (
  <header className="page-head">
    <h1>
      {nameOf(person)} {person.platform_role !== null && <Status status={person.platform_role} />}
    </h1>
    <p className="meta">
      {person.name !== null && person.name !== person.email && <span>{person.email}</span>}
      <CopyableId id={person.id} />
    </p>
    <p className="actions">
      <Link className="button" href={`/audit?actor_id=${person.id}`}>
        Audit log of this person
      </Link>
    </p>
  </header>
);

const Memberships = ({ person: { memberships } }: { readonly person: Person }) =>
  memberships.length > 0 && (
    <section aria-labelledby="memberships">
      <h2 id="memberships">Memberships</h2>
      <Table label="Table of memberships" columns={['Organization', 'Role', 'Status', 'Since']}>
        {memberships.map((membership) => (
          <tr key={membership.member_id}>
            <th scope="row">
              <Link href={`/audit?organization_id=${membership.organization_id}`}>{membership.organization_name}</Link>
            </th>
            <td>{membership.role}</td>
            <td>
              <Status status={membership.status} />
            </td>
            <td className="time" data-heading="Since">
              <Since membership={membership} />
            </td>
          </tr>
        ))}
      </Table>
    </section>
  );

/** The time of the current status. */
function Since({ membership }: { readonly membership: Person['memberships'][number] }) {
  const { status, invited_at: invited, joined_at: joined, removed_at: removed } = membership;
  const at = status === 'removed' ? removed : status === 'invited' ? invited : joined;
  return at === null ? '–' : <Moment at={at} />;
}

function ActivityOf({ id }: { readonly id: string }) {
  const [filters, change] = useFilters(NAMES);
  const { data: me } = useMe();
  const { query } = useFilteredPages<Activity, (typeof OWN_NAMES)[number]>(`activity/${id}`, OWN_NAMES, (parameters, signal) =>
    read(api.GET('/api/v1/admin/people/{id}/activity', { params: { path: { id }, query: activityQuery(parameters) }, signal })),
  );
  return (
    <>
      <FilterForm label="Filters of the activity" fields={FIELDS} filters={filters} onChange={change} />
      <ListState
        what="activity"
        query={query}
        empty={<Empty title={Object.keys(filters).length ? 'No activity matches the filters.' : 'Nothing was recorded yet.'} />}
      >
        <ActivityList
          items={isOperator(me) ? (query.items ?? []).map(withoutAddress) : (query.items ?? [])}
          kind={filters.kind}
          canOpen={() => true}
        />
      </ListState>
    </>
  );
}

const isOperator = (me: Me | SignedOut | undefined): boolean => typeof me === 'object' && me.organization_id === null;

/** Operators see the people of organizations without their addresses. */
const withoutAddress = (item: Activity): Activity => ({ ...item, actor_email: null });

const NothingFound = ({ id }: { readonly id: string }) => (
  <EmptyPage title="No person with this id that you may see">
    <p>
      <CopyableId id={id} />
    </p>
    <p>
      The person does not exist, or was never in your organization. What an operator or a service did in your organization is in
      the <Link href={`/audit?actor_id=${encodeURIComponent(id)}`}>audit log</Link>.
    </p>
  </EmptyPage>
);
