import { useId } from 'react';
import { durationText } from '../../components/duration-text.js';
import { Moment } from '../../components/moment.js';
import type { Axis } from './axis.js';
import type { EntryError, TimelineRow } from './entries.js';
import { EntryDetails } from './entry-details.js';

const MIN_BAR_PERCENT = 0.6; // a moment has to be visible

interface EntryRowProps {
  readonly row: TimelineRow;
  readonly axis: Axis;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
}

/** One entry: when, what, and where it is on the axis. */
export function EntryRow({ row, axis, isOpen, onToggle }: EntryRowProps) {
  const details = useId();
  const { entry, kind, title, facts, tone, source, start, end, error } = row;
  const took = end - start;
  return (
    <div className={`entry ${kind} ${tone}`}>
      <button type="button" aria-expanded={isOpen} aria-controls={details} onClick={onToggle}>
        <span className="offset">
          <span className="sign">+</span>
          {durationText(Date.parse(entry.time) - axis.start)}
        </span>
        <span className="kind">{kind === 'webhook_attempt' ? 'webhook' : kind}</span>
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
      {error && <ErrorBlock error={error} />}
      <div id={details} hidden={!isOpen} className="details">
        {isOpen && (
          <>
            <p className="meta">
              <Moment at={entry.time} precise />
              {took >= 1 && <span>took {durationText(took)}</span>}
            </p>
            <EntryDetails entry={entry} />
          </>
        )}
      </div>
    </div>
  );
}

/** An error is never folded. */
const ErrorBlock = ({ error: { name, message, stack } }: { readonly error: EntryError }) => (
  <div className="error">
    <p>
      {name !== undefined && <strong>{name}</strong>} {message}
    </p>
    {stack !== undefined && (
      <pre tabIndex={0} role="region" aria-label="Stack of the error">
        {stack}
      </pre>
    )}
  </div>
);

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
