import { Link } from 'wouter';
import type { Schemas } from '../../api/client.js';
import { durationText } from '../../components/duration-text.js';
import { personText } from '../../components/masked.js';
import { Moment } from '../../components/moment.js';
import { Empty } from '../../components/states.js';
import { Status } from '../../components/status.js';

export type FailedRequests = Schemas['FailedRequests'];

/** Failed requests, each with its reason. A row leads to the timeline of the request. */
export const FailedRequestList = (props: { readonly requests: FailedRequests['data']; readonly label: string }) => (
  <ul className="requests" aria-label={props.label}>
    {props.requests.map((request, index) => (
      <li key={`${request.correlation_id} ${request.ended_at} ${index}`}>
        <Status status={String(request.status)} tone={request.status >= 500 ? 'bad' : 'warn'} />
        <div>
          <Link href={`/c/${request.correlation_id}`} className="row-link">
            {request.method} {request.path}
          </Link>
          <p className="error-text">{request.reason ?? 'No log line says why.'}</p>
        </div>
        <p className="meta">
          <Moment at={request.ended_at} /> <span>{durationText(request.duration_ms)}</span>{' '}
          <span>{personText(request.actor_email ?? 'No known person')}</span>
        </p>
      </li>
    ))}
  </ul>
);

/** Shown if no failed request was found: why, and how far the search went. */
export const NoFailedRequest = ({ found }: { readonly found: Omit<FailedRequests, 'data'> }) => {
  if (!found.available) return <Empty title="Requests cannot be listed here">{<p>{found.unavailable_reason}</p>}</Empty>;
  return (
    <Empty title={found.is_cut ? 'No failed request was found yet.' : 'No request has failed.'}>
      {found.searched_from !== null && (
        <p>
          The log lines since <Moment at={found.searched_from} /> were searched.
        </p>
      )}
    </Empty>
  );
};
