import { useState } from 'react';
import { Link } from 'wouter';
import { api, read, type Schemas } from '../../api/client.js';
import { useKeysetPages } from '../../api/keyset-pages.js';
import { usePolling } from '../../api/polling.js';
import { ActionButton } from '../../components/action-button.js';
import { cappedText } from '../../components/count-text.js';
import { ListState } from '../../components/list-state.js';
import { Moment } from '../../components/moment.js';
import { SkipDialog } from '../../components/skip-dialog.js';
import { Empty } from '../../components/states.js';
import { Table } from '../../components/table.js';

type Blocked = Schemas['BlockedObject'];

/** The objects whose later events wait, because a sink gave up one of their events. */
export function BlockedObjects({ disabledBecause }: { readonly disabledBecause: string | undefined }) {
  const { refetchInterval } = usePolling();
  const [skipped, setSkipped] = useState<Blocked>();
  const query = useKeysetPages<Blocked>(
    ['blocked'],
    (cursor, signal) =>
      read(api.GET('/api/v1/admin/outbox/blocked', { params: { query: cursor === undefined ? {} : { cursor } }, signal })),
    refetchInterval,
  );
  return (
    <>
      <ListState what="blocked objects" query={query} empty={<Empty title="No failed event holds others back." />}>
        <Table
          label="Table of blocked objects"
          columns={['Failed event', 'Sink', 'Object', 'Waiting', 'Failed', 'Last error', 'Action']}
        >
          {query.items?.map((blocked) => (
            <tr key={`${blocked.sink} ${blocked.event_id}`}>
              <td>
                <Link href={`/events/${blocked.event_id}`} className="row-link">
                  {blocked.event_type}
                </Link>
              </td>
              <td data-heading="Sink">{blocked.sink}</td>
              <td data-heading="Object">
                <Link href={`/events?aggregate_id=${encodeURIComponent(blocked.aggregate_id)}`} title={blocked.aggregate_id}>
                  {blocked.aggregate_type} <code>{blocked.aggregate_id.slice(-8)}</code>
                </Link>
              </td>
              <td data-heading="Waiting">{cappedText(blocked.waiting)}</td>
              <td className="time" data-heading="Failed">
                <Moment at={blocked.failed_at} />
              </td>
              <td className="error-text" data-heading="Last error">
                {blocked.last_error}
              </td>
              <td>
                <ActionButton
                  label={`Skip ${blocked.event_type} at ${blocked.sink}`}
                  disabledBecause={disabledBecause}
                  onClick={() => setSkipped(blocked)}
                >
                  Skip
                </ActionButton>
              </td>
            </tr>
          ))}
        </Table>
      </ListState>
      {skipped && (
        <SkipDialog
          eventId={skipped.event_id}
          eventType={skipped.event_type}
          sinks={[skipped.sink]}
          onClose={() => setSkipped(undefined)}
        />
      )}
    </>
  );
}
