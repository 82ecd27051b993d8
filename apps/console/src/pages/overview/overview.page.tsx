import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { api, read, type Schemas } from '../../api/client.js';
import { usePolling } from '../../api/polling.js';
import { durationText } from '../../components/duration-text.js';
import { ProblemState, StaleNotice } from '../../components/problem.js';
import { Empty, Loading } from '../../components/states.js';
import { Status } from '../../components/status.js';
import { usePageTitle } from '../../components/use-page-title.js';
import { useMe } from '../../session/session.js';
import { EventTable } from '../events/event-table.js';

type Sink = Schemas['OutboxStatus']['sinks'][number];

const MAX_COUNT = 10_000; // the api stops counting there
const RECENT = 8;

/** Answers: is everything well? */
export default function OverviewPage() {
  usePageTitle('Overview');
  const { data: me } = useMe();
  return (
    <article className="overview">
      <header className="page-head">
        <h1>Overview</h1>
      </header>
      <section aria-labelledby="sinks">
        <h2 id="sinks">Sinks</h2>
        {typeof me === 'object' && me.organization_id === null ? (
          <Sinks />
        ) : (
          <p className="disabled-part">
            Only operators and viewers of the platform see the sinks, because every organization shares them.
          </p>
        )}
      </section>
      <RecentEvents title="Failed events" status="failed" empty="No event has failed." />
      <RecentEvents title="Events that are retried" status="retrying" empty="No event is retried." />
      <RecentEvents title="Newest events" empty="No event was published yet." />
    </article>
  );
}

function Sinks() {
  const { refetchInterval } = usePolling();
  const { data, error, refetch } = useQuery({
    queryKey: ['outbox'],
    queryFn: ({ signal }) => read(api.GET('/api/v1/admin/outbox', { signal })),
    refetchInterval,
  });
  if (!data) return error ? <ProblemState error={error} onRetry={() => void refetch()} /> : <Loading what="the sinks" />;
  if (data.sinks.length === 0) return <Empty title="No worker has registered a sink yet." />;
  return (
    <>
      <StaleNotice error={error} />
      <ul className="cards">
        {data.sinks.map((sink) => (
          <li key={sink.name} className={`card ${needsCare(sink) || sink.failed > 0 ? 'bad' : ''}`}>
            <SinkCard sink={sink} />
          </li>
        ))}
      </ul>
    </>
  );
}

const needsCare = (sink: Sink): boolean =>
  sink.abandoned ||
  sink.failing_since !== null ||
  sink.leader_failing_since !== null ||
  (sink.state === 'active' && sink.leader === null);

function SinkCard({ sink }: { readonly sink: Sink }) {
  const problem = sink.last_error ?? sink.leader_error;
  return (
    <>
      <h3>
        {sink.name} <Status status={sink.state} />
      </h3>
      <dl className="figures">
        <Figure name="Backlog" value={countText(sink.backlog)} to="/events?status=pending" />
        <Figure name="Oldest" value={sink.lag_ms === null ? '–' : durationText(sink.lag_ms)} />
        <Figure name="Last minute" value={countText(sink.accepted_last_minute)} to="/events?status=published" />
        <Figure name="Retrying" value={countText(sink.retrying)} to="/events?status=retrying" />
        <Figure name="Waiting" value={countText(sink.waiting)} to="/events?status=waiting" />
        <Figure name="Failed" value={countText(sink.failed)} to="/events?status=failed" />
      </dl>
      <p className="meta">{sink.leader === null ? 'No worker leads this sink.' : `Led by ${sink.leader.worker}.`}</p>
      {problem !== null && needsCare(sink) && <p className="error-text">{problem}</p>}
    </>
  );
}

const Figure = ({ name, value, to }: { readonly name: string; readonly value: string; readonly to?: string }) => (
  <div>
    <dt>{name}</dt>
    <dd>{to === undefined ? value : <Link href={to}>{value}</Link>}</dd>
  </div>
);

const countText = (count: number): string => (count > MAX_COUNT ? `${MAX_COUNT.toLocaleString()}+` : count.toLocaleString());

function RecentEvents({
  title,
  status,
  empty,
}: {
  readonly title: string;
  readonly status?: 'failed' | 'retrying';
  readonly empty: string;
}) {
  const { refetchInterval } = usePolling();
  const { data, error, refetch } = useQuery({
    queryKey: ['events', 'recent', status],
    queryFn: ({ signal }) =>
      read(api.GET('/api/v1/admin/events', { params: { query: { limit: RECENT, ...(status && { status }) } }, signal })),
    refetchInterval,
  });
  const id = `recent-${status ?? 'all'}`;
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {data && <StaleNotice error={error} />}
      {data ? (
        data.data.length === 0 ? (
          <Empty title={empty} />
        ) : (
          <>
            <EventTable events={data.data} label={title} />
            <p className="more">
              <Link href={status ? `/events?status=${status}` : '/events'}>{status ? `All ${status} events` : 'All events'}</Link>
            </p>
          </>
        )
      ) : error ? (
        <ProblemState error={error} onRetry={() => void refetch()} />
      ) : (
        <Loading what="events" />
      )}
    </section>
  );
}
