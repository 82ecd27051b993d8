import { Link } from 'wouter';
import { cappedText } from '../../components/count-text.js';
import { durationText } from '../../components/duration-text.js';
import { Figure } from '../../components/figure.js';
import { needsCare } from '../../components/needs-care.js';
import { Empty } from '../../components/states.js';
import { Status } from '../../components/status.js';
import { MinutePlot } from './minute-plot.js';
import { eventsPageOf, type Overview } from './use-overview.js';

type Sink = Overview['sinks'][number];
type Throughput = Overview['throughput'][number];

const PLOT_HEIGHT = 90;

/** Each sink with its state, leader, backlog and throughput. */
export function Sinks({ overview: { sinks, since, throughput } }: { readonly overview: Overview }) {
  if (sinks.length === 0) return <Empty title="No worker has registered a sink yet." />;
  return (
    <ul className="cards">
      {sinks.map((sink) => (
        <li key={sink.name} className={`card ${needsCare(sink) || sink.failed > 0 ? 'bad' : ''}`}>
          <SinkCard sink={sink} since={since} throughput={throughput.find(({ sink: name }) => name === sink.name)} />
        </li>
      ))}
    </ul>
  );
}

interface SinkCardProps {
  readonly sink: Sink;
  readonly since: string | null;
  /** A sink that is retired has none. */
  readonly throughput: Throughput | undefined;
}

function SinkCard({ sink, since, throughput }: SinkCardProps) {
  const problem = sink.last_error ?? sink.leader_error;
  const { pending, retrying, waiting, failed } = sink.lists;
  const received = `/events?sink=${encodeURIComponent(sink.name)}`;
  return (
    <>
      <h3>
        <Link href={received}>{sink.name}</Link> <Status status={sink.state} />
      </h3>
      <dl className="figures">
        <Figure name="Backlog" value={cappedText(sink.backlog)} to={eventsPageOf(pending)} />
        <Figure name="Oldest" value={sink.lag_ms === null ? '–' : durationText(sink.lag_ms)} to={eventsPageOf(pending)} />
        <Figure name="Last minute" value={cappedText(sink.accepted_last_minute)} to={`${received}&status=published`} />
        <Figure name="Retrying" value={cappedText(sink.retrying)} to={eventsPageOf(retrying)} />
        <Figure name="Waiting" value={cappedText(sink.waiting)} to={eventsPageOf(waiting)} />
        <Figure name="Failed" value={cappedText(sink.failed)} to={eventsPageOf(failed)} />
      </dl>
      <p className="meta">{sink.leader === null ? 'No worker leads this sink.' : `Led by ${sink.leader.worker}.`}</p>
      {problem !== null && needsCare(sink) && <p className="error-text">{problem}</p>}
      {since !== null && throughput && (
        <MinutePlot
          label={`The last hour of ${sink.name}`}
          since={since}
          height={PLOT_HEIGHT}
          series={[
            { name: 'Delivered', tone: 'good', counts: throughput.accepted },
            { name: 'Failed attempts', tone: 'bad', counts: throughput.failed_attempts },
          ]}
          empty={<p className="meta">Nothing was delivered and nothing failed in the last hour.</p>}
        />
      )}
    </>
  );
}
