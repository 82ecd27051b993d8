import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { api, read, type Schemas } from '../../api/client.js';
import { usePolling } from '../../api/polling.js';
import { ActorLink } from '../../components/actor-link.js';
import { CopyableId } from '../../components/copyable.js';
import { Json } from '../../components/json.js';
import { Moment } from '../../components/moment.js';
import { ProblemState, StaleNotice } from '../../components/problem.js';
import { Section } from '../../components/section.js';
import { Loading } from '../../components/states.js';
import { Status } from '../../components/status.js';
import { Table } from '../../components/table.js';
import { usePageTitle } from '../../components/use-page-title.js';
import { contractPage } from '../../url/pages.js';
import { Deliveries, WaitingBehind } from './event-deliveries.js';
import { ReplayEvent } from './replay-event.js';
import { SkipAction } from './skip-action.js';

type EventDetails = Schemas['EventDetails'];

/** One event: where it went, what failed, what caused it and what it caused. */
export default function EventPage({ id }: { readonly id: string }) {
  const { refetchInterval } = usePolling();
  const { data, error, refetch } = useQuery({
    queryKey: ['event', id],
    queryFn: ({ signal }) => read(api.GET('/api/v1/admin/events/{id}', { params: { path: { id } }, signal })),
    refetchInterval,
  });
  usePageTitle(data?.event_type ?? 'Event');
  if (!data) return error ? <ProblemState error={error} onRetry={() => void refetch()} /> : <Loading what="the event" />;
  const actor = actorOf(data);
  return (
    <article className="event">
      <StaleNotice error={error} />
      <header className="page-head">
        <h1>
          {data.event_type} <Status status={data.status} />
        </h1>
        <p className="meta">
          <Moment at={data.occurred_at} /> <CopyableId id={data.event_id} /> position <CopyableId id={data.position} />
        </p>
        <div className="actions">
          {data.correlation_id !== null && (
            <Link className="button" href={`/c/${data.correlation_id}`}>
              Timeline of the request
            </Link>
          )}
          {actor !== undefined && <ActorLink id={actor} className="button" />}
          <Link className="button" href={contractPage(data.event_type)}>
            Contract
          </Link>
          <SkipAction event={data} />
          <ReplayEvent event={data} />
        </div>
      </header>
      <Deliveries event={data} />
      <WaitingBehind event={data} />
      <FailedAttempts event={data} />
      <Receipts event={data} />
      <Relations event={data} />
      <Truncated event={data} />
      <Section title="Envelope">
        <Json value={data.payload} label="the envelope" />
      </Section>
    </article>
  );
}

function actorOf({ payload }: EventDetails): string | undefined {
  const id = (payload as { readonly actor?: { readonly id?: unknown } | null } | null)?.actor?.id;
  return typeof id === 'string' ? id : undefined;
}

const FailedAttempts = ({ event: { failed_attempts: attempts } }: { readonly event: EventDetails }) =>
  attempts.length > 0 && (
    <Section title="Failed attempts">
      <Table label="Table of failed attempts" columns={['Time', 'Sink', 'Error']}>
        {attempts.map(({ attempted_at: at, sink, error }) => (
          <tr key={`${sink} ${at}`}>
            <td className="time">
              <Moment at={at} />
            </td>
            <th scope="row">{sink}</th>
            <td className="error-text">{error}</td>
          </tr>
        ))}
      </Table>
    </Section>
  );

const Receipts = ({ event: { receipts } }: { readonly event: EventDetails }) =>
  receipts.length > 0 && (
    <Section title="Receipts">
      <Table label="Table of receipts" columns={['Consumer', 'State', 'Time', 'Result']}>
        {receipts.map(({ consumer, state, done_at: done, claimed_until: until, result }) => (
          <tr key={consumer}>
            <th scope="row">{consumer}</th>
            <td>
              <Status status={state} />
            </td>
            <td className="time">{(done ?? until) !== null && <Moment at={(done ?? until)!} />}</td>
            <td>
              <code>{JSON.stringify(result)}</code>
            </td>
          </tr>
        ))}
      </Table>
    </Section>
  );

const Relations = ({ event: { cause, caused } }: { readonly event: EventDetails }) =>
  (cause !== null || caused.length > 0) && (
    <Section title="Cause and effects">
      <ul>
        {cause !== null && (
          <li>
            Caused by <Link href={`/events/${cause.event_id}`}>{cause.event_type}</Link> <Status status={cause.status} />
          </li>
        )}
        {caused.map(({ event_id: id, event_type: type, status }) => (
          <li key={id}>
            Caused <Link href={`/events/${id}`}>{type}</Link> <Status status={status} />
          </li>
        ))}
      </ul>
    </Section>
  );

const LISTS = { caused: 'events that it caused', failed_attempts: 'failed attempts', receipts: 'receipts' } as const;

const Truncated = ({ event: { truncated } }: { readonly event: EventDetails }) =>
  truncated.length > 0 && <p className="hint">There are more {truncated.map((list) => LISTS[list]).join(', ')} than shown.</p>;
