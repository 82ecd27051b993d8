import { useEffect, useMemo, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { PlotData, PlotSeries } from './plot-data.js';

const MINUTE_S = 60;
const INKS = ['good', 'bad', 'quiet', 'line'] as const;
const DASH = [5, 4]; // of failures, so that the color is not the only difference
const [TIME_AXIS_PX, TIME_SPACE_PX] = [24, 80];
const [COUNT_AXIS_PX, COUNT_SPACE_PX] = [44, 20];
const INTEGERS = [1, 2, 5].flatMap((step) => Array.from({ length: 8 }, (_, power) => step * 10 ** power)).sort((a, b) => a - b);
const TIME = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const COUNT = new Intl.NumberFormat(undefined, { notation: 'compact' });

interface PlotProps extends PlotData {
  readonly onHover: (minute: number | undefined) => void;
}

/** Draws lines over the minutes of an hour. The colors are those of the styles, also after a change of the theme. */
export default function Plot({ label, since, series, height, onHover }: PlotProps) {
  const area = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot>(undefined);
  const data = useMemo(() => dataOf(since, series), [since, series]);
  const newest = useRef(data);
  newest.current = data;
  const tones = series.map(({ tone }) => tone).join(' ');
  useEffect(() => {
    const element = area.current!;
    const inkOf = (name: (typeof INKS)[number]): string => getComputedStyle(element.querySelector(`[data-ink=${name}]`)!).color;
    const plot = new uPlot(
      optionsOf(tones.split(' ') as PlotSeries['tone'][], { width: element.clientWidth, height }, inkOf, onHover),
      newest.current,
      element,
    );
    chart.current = plot;
    const resize = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
    resize.observe(element);
    const stop = onThemeChange(() => plot.redraw(false));
    return () => {
      stop();
      resize.disconnect();
      plot.destroy();
    };
  }, [tones, height, onHover]);
  useEffect(() => chart.current!.setData(data), [data]);
  return (
    <div ref={area} className="plot-area" role="img" aria-label={label} style={{ height }}>
      {INKS.map((name) => (
        <i key={name} data-ink={name} hidden />
      ))}
    </div>
  );
}

const dataOf = (since: string, series: readonly PlotSeries[]): uPlot.AlignedData => {
  const start = Date.parse(since) / 1_000;
  const minutes = (series[0]?.counts ?? []).map((_, minute) => start + minute * MINUTE_S);
  // A line along the axis says nothing.
  return [minutes, ...series.map(({ counts }) => (counts.some(Boolean) ? [...counts] : counts.map(() => null)))];
};

function optionsOf(
  tones: readonly PlotSeries['tone'][],
  size: { readonly width: number; readonly height: number },
  inkOf: (name: (typeof INKS)[number]) => string,
  onHover: PlotProps['onHover'],
): uPlot.Options {
  const axis: uPlot.Axis = {
    stroke: () => inkOf('quiet'),
    grid: { stroke: () => inkOf('line'), width: 1 },
    ticks: { show: false },
  };
  return {
    ...size,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false } },
    scales: { y: { range: (_, _min, max: number | null) => [0, Math.max(1, Math.ceil((max ?? 0) * 1.1))] } },
    axes: [
      {
        ...axis,
        size: TIME_AXIS_PX,
        space: TIME_SPACE_PX,
        values: (_, splits) => splits.map((second) => TIME.format(second * 1_000)),
      },
      {
        ...axis,
        size: COUNT_AXIS_PX,
        space: COUNT_SPACE_PX,
        incrs: INTEGERS,
        values: (_, splits) => splits.map((count) => COUNT.format(count)),
      },
    ],
    series: [
      {},
      ...tones.map((tone): uPlot.Series => ({
        stroke: () => inkOf(tone),
        width: 2,
        points: { show: false },
        ...(tone === 'bad' && { dash: DASH }),
      })),
    ],
    hooks: { setCursor: [({ cursor }) => onHover(cursor.idx ?? undefined)] },
  };
}

/** Calls back when the system or the person changes the theme. Returns the function that ends it. */
function onThemeChange(change: () => void): () => void {
  const system = matchMedia('(prefers-color-scheme: dark)');
  system.addEventListener('change', change);
  const choice = new MutationObserver(change);
  choice.observe(document.documentElement, { attributeFilter: ['data-theme'] });
  return () => {
    system.removeEventListener('change', change);
    choice.disconnect();
  };
}
