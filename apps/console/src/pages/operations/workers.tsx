import type { Schemas } from '../../api/client.js';
import { Moment } from '../../components/moment.js';
import { Empty } from '../../components/states.js';
import { Status } from '../../components/status.js';
import { Table } from '../../components/table.js';

type Worker = Schemas['WorkerStatus'];

/** The processes that run relays, with the sinks that each leads and stands by for. */
export const Workers = ({ workers }: { readonly workers: readonly Worker[] }) =>
  workers.length === 0 ? (
    <Empty title="No worker is running.">
      <p>Start an outbox worker. If one should run, its log lines say why it stopped.</p>
    </Empty>
  ) : (
    <Table label="Table of workers" columns={['Worker', 'State', 'Version', 'Started', 'Last report', 'Leads', 'Stands by for']}>
      {workers.map(({ worker, version, started_at: started, reported_at: reported, is_silent: silent, sinks, leads }) => (
        <tr key={worker}>
          <th scope="row">{worker}</th>
          <td data-heading="State">{silent ? <Status status="silent" tone="bad" /> : <Status status="running" tone="good" />}</td>
          <td data-heading="Version">{version ?? '–'}</td>
          <td className="time" data-heading="Started">
            <Moment at={started} />
          </td>
          <td className="time" data-heading="Last report">
            <Moment at={reported} />
          </td>
          <td className="wide" data-heading="Leads">
            {leads.join(', ') || '–'}
          </td>
          <td className="wide" data-heading="Stands by for">
            {sinks.filter((sink) => !leads.includes(sink)).join(', ') || '–'}
          </td>
        </tr>
      ))}
    </Table>
  );
