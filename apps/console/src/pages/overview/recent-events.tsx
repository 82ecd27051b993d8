import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { api, read } from '../../api/client.js';
import { usePolling } from '../../api/polling.js';
import { ProblemState, StaleNotice } from '../../components/problem.js';
import { Empty, Loading } from '../../components/states.js';
import { EventTable } from '../events/event-table.js';

const RECENT = 8;

interface RecentEventsProps {
  readonly title: string;
  readonly status?: 'failed' | 'retrying';
  readonly empty: string;
}

/** The newest events, or those of one status. */
export function RecentEvents({ title, status, empty }: RecentEventsProps) {
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
