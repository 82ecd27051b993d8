import { useId } from 'react';
import { durationText, Moment } from '../../components/moment.js';
import type { Axis } from './axis.js';
import type { TimelineRow } from './entries.js';
import { EntryDetails } from './entry-details.js';

const MIN_BAR_PERCENT = 0.6; // a moment has to be visible
const KIND_NAMES = { log: 'log', event: 'event', audit: 'audit', attempt: 'attempt', receipt: 'receipt' } as const;

interface EntryRowProps {
  readonly row: TimelineRow;
  readonly axis: Axis;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
}

/** One entry: when, what, and where it is on the axis. */
export function EntryRow({ row, axis, isOpen, onToggle }: EntryRowProps) {
  const details = useId();
  const { entry, kind, title, facts, tone, source, start, end } = row;
  const took = end - start;
  return (
    <div className={`entry ${kind} ${tone}`}>
      <button type="button" aria-expanded={isOpen} aria-controls={details} onClick={onToggle}>
        <span className="offset">
          <span className="sign">+</span>
          {durationText(Date.parse(entry.time) - axis.start)}
        </span>
        <span className="kind">{KIND_NAMES[kind]}</span>
        <span className="what">
          <strong>{title}</strong>
          <span className="source">{source}</span>
          {facts.map((fact, index) => (
            <span key={index} className="fact">
              {fact}
            </span>
          ))}
        </span>
        <Bar axis={axis} start={start} end={end} />
      </button>
      <div id={details} hidden={!isOpen} className="details">
        {isOpen && (
          <>
            <p className="meta">
              <Moment at={entry.time} precise />
              {took >= 1 && <span>took {durationText(took)}</span>}
            </p>
            <EntryDetails row={row} />
          </>
        )}
      </div>
    </div>
  );
}

function Bar({ axis, start, end }: { readonly axis: Axis; readonly start: number; readonly end: number }) {
  const left = axis.place(start) * 100;
  const width = Math.max(MIN_BAR_PERCENT, axis.place(end) * 100 - left);
  return (
    <span className="track" aria-hidden="true">
      {axis.gaps.map((gap) => (
        <span key={gap.start} className="gap" style={{ left: `${gap.at * 100}%` }} />
      ))}
      <span className="bar" style={{ left: `${Math.min(left, 100 - MIN_BAR_PERCENT)}%`, width: `${width}%` }} />
    </span>
  );
}
