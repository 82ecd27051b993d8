import { useState } from 'react';
import { api, read } from '../api/client.js';
import { ActionDialog } from './action-dialog.js';

interface SkipDialogProps {
  readonly eventId: string;
  readonly eventType: string;
  /** The sinks at which the event can be skipped. */
  readonly sinks: readonly string[];
  readonly onClose: () => void;
}

/** Asks for the reason to skip an event at one sink, or at all that it blocks. */
export function SkipDialog({ eventId, eventType, sinks, onClose }: SkipDialogProps) {
  const [sink, setSink] = useState(sinks.length === 1 ? sinks[0]! : '');
  return (
    <ActionDialog
      title={`Skip ${eventType}`}
      effect={`The event is given up at ${sink === '' ? 'every sink that it blocks' : sink} and never delivered there. The events of its object that wait behind it are delivered.`}
      action="Skip"
      fields={sink === '' ? {} : { sink }}
      send={(body, header) =>
        read(api.POST('/api/v1/admin/events/{id}/skip', { params: { path: { id: eventId }, header }, body }))
      }
      onClose={onClose}
    >
      {sinks.length > 1 && (
        <label>
          Sink
          <select value={sink} onChange={(event) => setSink(event.target.value)}>
            <option value="">every sink that it blocks</option>
            {sinks.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      )}
    </ActionDialog>
  );
}
