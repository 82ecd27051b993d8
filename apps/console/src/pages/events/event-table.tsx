import { Link } from 'wouter';
import type { Schemas } from '../../api/client.js';
import { Moment } from '../../components/moment.js';
import { Status } from '../../components/status.js';

type Event = Schemas['Event'];

/** Events as a table. A row leads to the timeline of its request. */
export const EventTable = ({ events, label }: { readonly events: readonly Event[]; readonly label: string }) => (
  <div className="scroll" tabIndex={0} role="region" aria-label={`Table of ${label.toLowerCase()}`}>
    <table className="list">
      <thead>
        <tr>
          <th scope="col">Event</th>
          <th scope="col">Status</th>
          <th scope="col">Time</th>
          <th scope="col">Object</th>
          <th scope="col">Last error</th>
        </tr>
      </thead>
      <tbody>
        {events.map((event) => (
          <tr key={event.event_id}>
            <td>
              <Link
                href={event.correlation_id === null ? `/events/${event.event_id}` : `/c/${event.correlation_id}`}
                className="row-link"
              >
                {event.event_type}
              </Link>
            </td>
            <td>
              <Status status={event.status} />
            </td>
            <td className="time">
              <Moment at={event.occurred_at} />
            </td>
            <td>
              <Link href={`/events?aggregate_id=${encodeURIComponent(event.aggregate_id)}`} title={event.aggregate_id}>
                {event.aggregate_type} <code>{event.aggregate_id.slice(-8)}</code>
              </Link>
            </td>
            <td className="error-text">{event.last_error}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </div>
);
