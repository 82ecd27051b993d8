import type { Schemas } from '../../api/client.js';
import { Moment } from '../../components/moment.js';
import { Empty } from '../../components/states.js';
import { Status } from '../../components/status.js';

type Worker = Schemas['WorkerStatus'];

/** The processes that run relays, with the sinks that each leads and stands by for. */
export const Workers = ({ workers }: { readonly workers: readonly Worker[] }) =>
  workers.length === 0 ? (
    <Empty title="No worker reports itself.">
      <p>Start an outbox worker, or look for its log lines.</p>
    </Empty>
  ) : (
    <div className="scroll" tabIndex={0} role="region" aria-label="Table of workers">
      <table className="list">
        <thead>
          <tr>
            <th scope="col">Worker</th>
            <th scope="col">State</th>
            <th scope="col">Version</th>
            <th scope="col">Started</th>
            <th scope="col">Last report</th>
            <th scope="col">Leads</th>
            <th scope="col">Stands by for</th>
          </tr>
        </thead>
        <tbody>
          {workers.map(({ worker, version, started_at: started, reported_at: reported, is_silent: silent, sinks, leads }) => (
            <tr key={worker}>
              <th scope="row">{worker}</th>
              <td data-heading="State">
                {silent ? <Status status="silent" tone="bad" /> : <Status status="running" tone="good" />}
              </td>
              <td data-heading="Version">{version ?? '–'}</td>
              <td className="time" data-heading="Started">
                <Moment at={started} />
              </td>
              <td className="time" data-heading="Last report">
                <Moment at={reported} />
              </td>
              <td className="wrap" data-heading="Leads">
                {leads.join(', ') || '–'}
              </td>
              <td className="wrap" data-heading="Stands by for">
                {sinks.filter((sink) => !leads.includes(sink)).join(', ') || '–'}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
