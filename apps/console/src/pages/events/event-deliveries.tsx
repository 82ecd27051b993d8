import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { api, read, type Schemas } from '../../api/client.js';
import { usePolling } from '../../api/polling.js';
import { countText } from '../../components/count-text.js';
import { Moment } from '../../components/moment.js';
import { Section } from '../../components/section.js';
import { Status } from '../../components/status.js';
import { Table } from '../../components/table.js';

type EventDetails = Schemas['EventDetails'];

/** The delivery of an event to each sink. */
export const Deliveries = ({ event: { deliveries } }: { readonly event: EventDetails }) => (
  <Section title="Deliveries">
    {deliveries.length === 0 ? (
      <p>No sink has this event.</p>
    ) : (
      <Table label="Table of deliveries" columns={['Sink', 'Status', 'Failed attempts', 'Received or next attempt']}>
        {deliveries.map((delivery) => (
          <Delivery key={delivery.sink} delivery={delivery} />
        ))}
      </Table>
    )}
  </Section>
);

/** A delivery, with its error or the event behind which it waits in a row below. */
function Delivery({ delivery }: { readonly delivery: EventDetails['deliveries'][number] }) {
  const {
    sink,
    status,
    attempts,
    published_at: published,
    next_attempt_at: next,
    last_error: error,
    waits_behind: head,
  } = delivery;
  return (
    <>
      <tr>
        <th scope="row">{sink}</th>
        <td>
          <Status status={status} />
        </td>
        <td data-heading="Failed attempts">{attempts}</td>
        <td className="time">{published !== null ? <Moment at={published} /> : next !== null && <Moment at={next} />}</td>
      </tr>
      {(error !== null || head !== null) && (
        <tr className="delivery-error">
          <td colSpan={4} className={error === null ? undefined : 'error-text'}>
            {error}
            {head !== null && (
              <>
                Waits behind <Link href={`/events/${head}`}>an earlier event of the same object</Link>, which has not been
                delivered.
              </>
            )}
          </td>
        </tr>
      )}
    </>
  );
}

/** The number of events of the same object that wait until this one is delivered, retried or skipped. */
export function WaitingBehind({ event }: { readonly event: EventDetails }) {
  const { aggregate_type: type, aggregate_id: id, status } = event;
  const query = { aggregate_type: type, aggregate_id: id, status: 'waiting' } as const;
  const { refetchInterval } = usePolling();
  const { data } = useQuery({
    queryKey: ['events', 'count', query],
    queryFn: ({ signal }) => read(api.GET('/api/v1/admin/events/count', { params: { query }, signal })),
    enabled: status === 'failed' || status === 'retrying',
    refetchInterval,
  });
  if (!data || data.count === 0) return null;
  const list = new URLSearchParams({ status: 'waiting', aggregate_id: id });
  return (
    <p className="notice">
      <Link href={`/events?${list.toString()}`}>{countText(data.count, 'later event', data.is_capped)}</Link> of the same object
      wait until this one is delivered or skipped.
    </p>
  );
}
