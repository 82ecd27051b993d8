import { Link } from 'wouter';
import { Moment } from '../../components/moment.js';
import { Empty } from '../../components/states.js';
import { Status } from '../../components/status.js';
import { Table } from '../../components/table.js';
import { eventsPageOf, type Overview } from './use-overview.js';

/** The failures of all sinks, grouped by sink, event type and fingerprint of the error. */
export const FailureGroups = ({ overview: { failures, has_more_failures: hasMore } }: { readonly overview: Overview }) => (
  <section aria-labelledby="failure-groups">
    <h2 id="failure-groups">Failure groups</h2>
    {failures.length === 0 ? (
      <Empty title="No sink has refused an event." />
    ) : (
      <Table
        label="Table of failure groups"
        columns={['Events', 'Error of the newest', 'Status', 'Type', 'Sink', 'First', 'Last']}
      >
        {failures.map((group) => (
          <tr key={group.list}>
            <td data-heading="Events">
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
            <td data-heading="Sink">{group.sink}</td>
            <td className="time" data-heading="First">
              <Moment at={group.first_at} />
            </td>
            <td className="time" data-heading="Last">
              <Moment at={group.last_at} />
            </td>
          </tr>
        ))}
      </Table>
    )}
    {hasMore && <p className="hint">There are more groups. The largest are shown.</p>}
  </section>
);
