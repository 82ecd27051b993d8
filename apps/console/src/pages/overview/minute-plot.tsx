import { lazy, Suspense, useState, type ReactNode } from 'react';
import type { PlotData, PlotSeries } from './plot-data.js';

const Plot = lazy(() => import('./plot.js').catch(() => ({ default: PlotNotLoaded })));

/** A script that is missing belongs to an older build of the console. The numbers below remain. */
const PlotNotLoaded = () => <p className="hint">The plot could not be loaded. Reload the page to see it.</p>;

interface MinutePlotProps extends PlotData {
  /** Shown instead of a plot if all counts are zero. */
  readonly empty: ReactNode;
}

const MINUTE_MS = 60_000;
const TIME = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

/** Draws counts by minute, with the numbers as a table. The code that draws is loaded with the first plot. */
export function MinutePlot({ label, since, series, height, empty }: MinutePlotProps) {
  const [hovered, setHovered] = useState<number>();
  if (series.every(({ counts }) => counts.every((count) => count === 0))) return empty;
  const timeOf = (minute: number): string => TIME.format(Date.parse(since) + minute * MINUTE_MS);
  return (
    <figure className="plot">
      <figcaption>
        <ul className="legend">
          {series.map(({ name, tone, counts }) => (
            <li key={name}>
              <span className={`stroke ${tone}`} aria-hidden="true" />
              {name} <strong>{numberText(hovered === undefined ? totalOf(counts) : (counts[hovered] ?? null))}</strong>
            </li>
          ))}
          <li className="hint">{hovered === undefined ? 'in the last hour' : `at ${timeOf(hovered)}`}</li>
        </ul>
      </figcaption>
      <Suspense fallback={<div style={{ height }} />}>
        <Plot label={`${label}: ${summaryOf(series)}`} since={since} series={series} height={height} onHover={setHovered} />
      </Suspense>
      <Numbers label={label} series={series} timeOf={timeOf} />
    </figure>
  );
}

const known = (counts: readonly (number | null)[]): number[] => counts.filter((count) => count !== null);

const totalOf = (counts: readonly (number | null)[]): number => known(counts).reduce((sum, count) => sum + count, 0);

const numberText = (count: number | null): string => (count === null ? 'not counted' : count.toLocaleString());

/** The text of a plot for a person who cannot see it. */
const summaryOf = (series: readonly PlotSeries[]): string =>
  series.map(({ name, counts }) => `${name} ${totalOf(counts)}, at most ${Math.max(0, ...known(counts))} in a minute`).join('; ');

/** The numbers of a plot as a table, the newest minute first. */
function Numbers(props: Pick<PlotData, 'label' | 'series'> & { readonly timeOf: (minute: number) => string }) {
  const { label, series, timeOf } = props;
  const [isOpen, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Numbers</summary>
      {isOpen && (
        <div className="scroll numbers" tabIndex={0} role="region" aria-label={`Numbers of ${label.toLowerCase()}`}>
          <table className="list">
            <thead>
              <tr>
                <th scope="col">Minute</th>
                {series.map(({ name }) => (
                  <th key={name} scope="col">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {(series[0]?.counts ?? [])
                .map((_, minute) => (
                  <tr key={minute}>
                    <th scope="row">{timeOf(minute)}</th>
                    {series.map(({ name, counts }) => (
                      <td key={name}>{numberText(counts[minute] ?? null)}</td>
                    ))}
                  </tr>
                ))
                .reverse()}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}
