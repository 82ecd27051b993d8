import { durationText } from '../../components/duration-text.js';
import type { Answer } from './answers.js';
import { beginningOf, type TimelineRow } from './entries.js';

/** The timeline as text for a ticket. Times are UTC. */
export function timelineText(id: string, headline: string, rows: readonly TimelineRow[], answers: readonly Answer[]): string {
  const start = beginningOf(rows);
  return [
    headline,
    `Correlation id ${id}`,
    ...(rows.length ? [`Began ${new Date(start).toISOString()}`] : []),
    '',
    ...answers.map(({ question, answer }) => `${question} ${answer}`),
    '',
    ...rows.map(lineOf(start)),
    '',
  ].join('\n');
}

const lineOf =
  (start: number) =>
  ({ entry, kind, title, source, facts, start: from, end, error }: TimelineRow): string =>
    [
      `+${durationText(Date.parse(entry.time) - start)}`.padEnd(10),
      kind.padEnd(8),
      title,
      `(${source})`,
      ...(end - from >= 1 ? [`took ${durationText(end - from)}`] : []),
      ...facts,
      ...(error ? [`${error.name === undefined ? '' : `${error.name}: `}${error.message}`] : []),
    ].join('  ');
