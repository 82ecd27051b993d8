import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { api, read } from '../../api/client.js';
import { usePolling } from '../../api/polling.js';
import { ProblemState, StaleNotice } from '../../components/problem.js';
import { Loading } from '../../components/states.js';
import { FailedRequestList, NoFailedRequest } from '../failed-requests/failed-request-list.js';

const NEWEST = 10;

/** The newest requests that failed or were refused. */
export function NewestFailedRequests() {
  const { refetchInterval } = usePolling();
  const { data, error, refetch } = useQuery({
    queryKey: ['failed-requests', 'newest'],
    queryFn: ({ signal }) => read(api.GET('/api/v1/admin/failed-requests', { params: { query: { limit: NEWEST } }, signal })),
    refetchInterval,
  });
  return (
    <section aria-labelledby="failed-requests">
      <h2 id="failed-requests">Failed and refused requests</h2>
      {data && <StaleNotice error={error} />}
      {data ? (
        data.data.length === 0 ? (
          <NoFailedRequest found={data} />
        ) : (
          <>
            <FailedRequestList requests={data.data} label="Newest failed and refused requests" />
            <p className="more">
              <Link href="/failed-requests">All failed requests</Link>
            </p>
          </>
        )
      ) : error ? (
        <ProblemState error={error} onRetry={() => void refetch()} />
      ) : (
        <Loading what="failed requests" />
      )}
    </section>
  );
}
