import { durationText } from '../../components/duration-text.js';
import type { Axis, Gap } from './axis.js';

const MIN_DISTANCE = 0.16; // between two labels, as a share of the axis

/** The gaps whose labels have room. */
function labelledGaps({ gaps }: Axis): readonly Gap[] {
  let last = 0;
  return gaps.filter(({ at }) => {
    if (at - last < MIN_DISTANCE || at > 1 - MIN_DISTANCE) return false;
    last = at;
    return true;
  });
}

/** The head of the axis: its beginning, its end and the shortened gaps. The rows say the same in words. */
export const AxisScale = ({ axis }: { readonly axis: Axis }) => (
  <div className="axis-scale" aria-hidden="true">
    <span>0</span>
    {labelledGaps(axis).map(({ at, start, end }) => (
      <span key={start} className="gap" style={{ left: `${at * 100}%` }} title={`Nothing for ${durationText(end - start)}`}>
        ≈ {durationText(end - start)}
      </span>
    ))}
    <span>{durationText(axis.end - axis.start)}</span>
  </div>
);
