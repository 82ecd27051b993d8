import { Empty } from '../../components/states.js';
import { MinutePlot } from './minute-plot.js';
import type { PlotSeries } from './plot-data.js';
import type { Overview } from './use-overview.js';

const PLOT_HEIGHT = 180;

/** What was published or delivered in the last hour, and what failed. */
export function LastHour({ overview }: { readonly overview: Overview }) {
  const { since } = overview;
  const empty = <Empty title="Nothing was published and nothing failed in the last hour." />;
  return (
    <section aria-labelledby="last-hour">
      <h2 id="last-hour">The last hour, by minute</h2>
      {since === null ? (
        empty
      ) : (
        <MinutePlot label="The last hour" since={since} height={PLOT_HEIGHT} series={seriesOf(overview)} empty={empty} />
      )}
    </section>
  );
}

/** The events of the organization, or the sum of all sinks on which the status of an event depends. */
function seriesOf({ organization, throughput }: Overview): PlotSeries[] {
  if (organization !== null) {
    return [
      { name: 'Published events', tone: 'good', counts: organization.published },
      { name: 'Failed attempts', tone: 'bad', counts: organization.failed_attempts },
    ];
  }
  const sinks = throughput.filter(({ observer }) => !observer);
  return [
    { name: 'Deliveries to all sinks', tone: 'good', counts: sumOf(sinks.map(({ accepted }) => accepted)) },
    { name: 'Failed attempts', tone: 'bad', counts: sumOf(sinks.map(({ failed_attempts: failed }) => failed)) },
  ];
}

/** The sums of each minute. Null if one of the counts is not known. */
const sumOf = (lists: readonly (readonly (number | null)[])[]): (number | null)[] =>
  (lists[0] ?? []).map((_, minute) =>
    lists.reduce<number | null>((sum, counts) => {
      const count = counts[minute] ?? null;
      return sum === null || count === null ? null : sum + count;
    }, 0),
  );
