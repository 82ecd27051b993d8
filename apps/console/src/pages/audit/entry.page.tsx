import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { api, ApiProblem, read, type Schemas } from '../../api/client.js';
import { ActorLink } from '../../components/actor-link.js';
import { Changes } from '../../components/changes.js';
import { CopyableId } from '../../components/copyable.js';
import { Facts } from '../../components/facts.js';
import { Json } from '../../components/json.js';
import { Moment } from '../../components/moment.js';
import { ProblemState } from '../../components/problem.js';
import { EmptyPage, Loading } from '../../components/states.js';
import { usePageTitle } from '../../components/use-page-title.js';
import { actorPage, objectPage, timelinePage } from '../../url/pages.js';

type Entry = Schemas['AuditEntryDetails'];

/** Answers: who did what, when and from where? */
export default function EntryPage({ id }: { readonly id: string }) {
  const { data, error, refetch } = useQuery({
    queryKey: ['audit-log', id],
    queryFn: ({ signal }) => read(api.GET('/api/v1/admin/audit-logs/{id}', { params: { path: { id } }, signal })),
  });
  usePageTitle(data?.action ?? 'Audit entry');
  if (error instanceof ApiProblem && (error.status === 404 || error.status === 400)) return <NothingFound id={id} />;
  if (!data) return error ? <ProblemState error={error} onRetry={() => void refetch()} /> : <Loading what="the entry" />;
  return (
    <article>
      <header className="page-head">
        <h1>{data.action}</h1>
        <p className="meta">
          <Moment at={data.created_at} /> <CopyableId id={data.id} />
        </p>
        <p className="actions">
          <Link className="button" href={timelinePage(data.correlation_id)}>
            Timeline of the request
          </Link>
          <ActorLink id={data.actor_id} className="button" />
          <Link className="button" href={objectPage(data.aggregate_type, data.aggregate_id)}>
            All entries of the object
          </Link>
        </p>
      </header>
      <section aria-labelledby="changes">
        <h2 id="changes">Changes</h2>
        <Changes diff={data.diff} changed={data.changed} />
      </section>
      <section aria-labelledby="origin">
        <h2 id="origin">Origin</h2>
        <Origin entry={data} />
      </section>
      <section>
        <details>
          <summary>The entry as JSON</summary>
          <Json value={data} label="the entry as JSON" />
        </details>
      </section>
    </article>
  );
}

const Origin = ({ entry }: { readonly entry: Entry }) => (
  <Facts
    facts={[
      ['Reason', reasonOf(entry)],
      [
        'Actor',
        <>
          {entry.actor_email} <CopyableId id={entry.actor_id} to={actorPage(entry.actor_id)} />
        </>,
      ],
      ['Time', <Moment at={entry.created_at} />],
      ['Time in UTC', entry.created_at],
      ['Address', entry.ip_address],
      ['User agent', entry.user_agent],
      [
        'Object',
        <>
          {entry.aggregate_type} <CopyableId id={entry.aggregate_id} to={objectPage(entry.aggregate_type, entry.aggregate_id)} />
        </>,
      ],
      ['Organization', <CopyableId id={entry.organization_id} />],
      ['Correlation id', <CopyableId id={entry.correlation_id} to={timelinePage(entry.correlation_id)} />],
    ]}
  />
);

/** Operations on the outbox record their reason as a field. */
function reasonOf({ diff }: Entry): string | null {
  const reason = (diff?.new as { readonly reason?: unknown } | null | undefined)?.reason;
  return typeof reason === 'string' ? reason : null;
}

const NothingFound = ({ id }: { readonly id: string }) => (
  <EmptyPage title="No audit entry with this id that you may see">
    <p>
      <CopyableId id={id} />
    </p>
    <p>It does not exist, or it belongs to another organization.</p>
  </EmptyPage>
);
