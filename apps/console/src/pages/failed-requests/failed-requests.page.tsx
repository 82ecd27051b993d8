import { api, read } from '../../api/client.js';
import { useKeysetPages } from '../../api/keyset-pages.js';
import { usePolling } from '../../api/polling.js';
import { ListState } from '../../components/list-state.js';
import { Moment } from '../../components/moment.js';
import { Loading } from '../../components/states.js';
import { usePageTitle } from '../../components/use-page-title.js';
import { FailedRequestList, NoFailedRequest, type FailedRequests } from './failed-request-list.js';
import '../../styles/overview.css';

/** Answers: which requests failed, and why? */
export default function FailedRequestsPage() {
  usePageTitle('Failed requests');
  const { refetchInterval } = usePolling();
  const query = useKeysetPages<FailedRequests['data'][number]>(
    ['failed-requests'],
    (cursor, signal) =>
      read(
        api.GET('/api/v1/admin/failed-requests', {
          params: { query: { limit: 50, ...(cursor !== undefined && { cursor }) } },
          signal,
        }),
      ),
    refetchInterval,
  );
  const last = query.data?.pages.at(-1) as FailedRequests | undefined;
  return (
    <article>
      <header className="page-head">
        <h1>Failed requests</h1>
        <p className="meta">
          Every request with a status from 500, and every change that was refused. Newest first. A row leads to the timeline.
        </p>
      </header>
      <ListState what="requests" query={query} empty={last ? <NoFailedRequest found={last} /> : <Loading what="requests" />}>
        <FailedRequestList requests={query.items ?? []} label="Failed and refused requests" />
        {last?.searched_from != null && (
          <p className="hint more">
            The log lines since <Moment at={last.searched_from} /> were searched.
            {last.is_cut && ' The search stopped there at its limit; older lines can be searched.'}
          </p>
        )}
      </ListState>
    </article>
  );
}
