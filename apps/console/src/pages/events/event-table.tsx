import type { KeyboardEvent, MouseEvent } from 'react';
import { Link } from 'wouter';
import type { Schemas } from '../../api/client.js';
import { Moment } from '../../components/moment.js';
import { Status } from '../../components/status.js';
import { Table } from '../../components/table.js';
import type { Selection } from './selection.js';
import '../../styles/events.css';

type Event = Schemas['Event'];

interface EventTableProps {
  readonly events: readonly Event[];
  readonly label: string;
  /** Without it, the events cannot be selected. */
  readonly selection?: Selection;
}

/** A click with Shift would also select the text of the rows. */
const keepTextUnselected = (event: MouseEvent<HTMLInputElement>): void => {
  if (!event.shiftKey) return;
  event.preventDefault();
  event.currentTarget.focus();
};

/** Events as a table, whose rows are stacked on a narrow screen. A row leads to the timeline of its request. */
export function EventTable({ events, label, selection }: EventTableProps) {
  const ids = events.map(({ event_id: id }) => id);
  /** The arrow keys move the focus between the checkboxes; with Shift, they extend the selection. */
  const moveFocus = (event: KeyboardEvent<HTMLTableSectionElement>): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!selection || step === undefined || !(event.target instanceof HTMLInputElement)) return;
    event.preventDefault();
    const boxes = [...event.currentTarget.querySelectorAll('input')];
    const next = boxes[boxes.indexOf(event.target) + step];
    next?.focus();
    if (next && event.shiftKey && !next.checked) next.click();
  };
  return (
    <Table
      label={`Table of ${label.toLowerCase()}`}
      columns={['Event', 'Status', 'Time', 'Object', 'Last error']}
      selectAll={selection && <SelectAll selection={selection} all={ids} />}
      onKeyDown={moveFocus}
    >
      {events.map((event) => (
        <tr key={event.event_id} className={selection?.ids.has(event.event_id) ? 'selected' : undefined}>
          {selection && (
            <td className="select">
              <input
                type="checkbox"
                aria-label={`Select ${event.event_type} of ${event.occurred_at}`}
                checked={selection.ids.has(event.event_id)}
                onMouseDown={keepTextUnselected}
                onChange={({ nativeEvent }) =>
                  selection.toggle(ids, event.event_id, 'shiftKey' in nativeEvent && nativeEvent.shiftKey === true)
                }
              />
            </td>
          )}
          <td>
            <Link
              href={event.correlation_id === null ? `/events/${event.event_id}` : `/c/${event.correlation_id}`}
              className="row-link"
            >
              {event.event_type}
            </Link>
          </td>
          <td>
            <Link href={`/events/${event.event_id}`} aria-label={`${event.status.replaceAll('_', ' ')}: the event`}>
              <Status status={event.status} />
            </Link>
          </td>
          <td className="time">
            <Moment at={event.occurred_at} />
          </td>
          <td>
            <Link href={`/events?aggregate_id=${encodeURIComponent(event.aggregate_id)}`} title={event.aggregate_id}>
              {event.aggregate_type} <code>{event.aggregate_id.slice(-8)}</code>
            </Link>
          </td>
          <td className="error-text">{event.last_error}</td>
        </tr>
      ))}
    </Table>
  );
}

function SelectAll({ selection: { ids, select }, all }: { readonly selection: Selection; readonly all: readonly string[] }) {
  const areAllSelected = all.every((id) => ids.has(id));
  return (
    <input
      type="checkbox"
      aria-label="Select all loaded events"
      checked={areAllSelected}
      ref={(box) => {
        if (box) box.indeterminate = ids.size > 0 && !areAllSelected;
      }}
      onChange={() => select(areAllSelected ? [] : all)}
    />
  );
}
