import { Link } from 'wouter';
import { Moment } from '../../components/moment.js';
import { Empty } from '../../components/states.js';
import { Status } from '../../components/status.js';
import { eventsPageOf, type Overview } from './use-overview.js';

/** The failures of all sinks, grouped by sink, event type and fingerprint of the error. */
export const FailureGroups = ({ overview: { failures, has_more_failures: hasMore } }: { readonly overview: Overview }) => (
  <section aria-labelledby="failure-groups">
    <h2 id="failure-groups">Groups of failures</h2>
    {failures.length === 0 ? (
      <Empty title="No sink has refused an event." />
    ) : (
      <div className="scroll" tabIndex={0} role="region" aria-label="Table of failure groups">
        <table className="list">
          <thead>
            <tr>
              <th scope="col">Events</th>
              <th scope="col">Error of the newest</th>
              <th scope="col">Status</th>
              <th scope="col">Type</th>
              <th scope="col">Sink</th>
              <th scope="col">First</th>
              <th scope="col">Last</th>
            </tr>
          </thead>
          <tbody>
            {failures.map((group) => (
              <tr key={group.list}>
                <td>
                  <Link href={eventsPageOf(group.list)} className="row-link">
                    {group.count.toLocaleString()}
                    {group.is_capped && '+'}
                  </Link>
                </td>
                <td className="error-text">
                  <Link href={`/events/${group.example.event_id}`}>{group.example.error}</Link>
                </td>
                <td>
                  <Status status={group.status} />
                </td>
                <td>{group.event_type}</td>
                <td>{group.sink}</td>
                <td className="time">
                  <Moment at={group.first_at} />
                </td>
                <td className="time">
                  <Moment at={group.last_at} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    )}
    {hasMore && <p className="hint">There are more groups. The largest are shown.</p>}
  </section>
);
