import { durationText } from '../../components/moment.js';
import type { Axis } from './axis.js';

/** The head of the axis: its beginning, its end and the shortened gaps. The rows say the same in words. */
export const AxisScale = ({ axis }: { readonly axis: Axis }) => (
  <div className="axis-scale" aria-hidden="true">
    <span>0</span>
    {axis.gaps.map(({ at, start, end }) => (
      <span key={start} className="gap" style={{ left: `${at * 100}%` }} title={`Nothing for ${durationText(end - start)}`}>
        ≈ {durationText(end - start)}
      </span>
    ))}
    <span>{durationText(axis.end - axis.start)}</span>
  </div>
);
