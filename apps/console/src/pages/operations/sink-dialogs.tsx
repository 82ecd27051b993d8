import { useState } from 'react';
import { api, read, type Schemas } from '../../api/client.js';
import { ActionDialog } from '../../components/action-dialog.js';

export type Sink = Schemas['OutboxStatus']['sinks'][number];

interface SinkDialogProps {
  readonly sink: Sink;
  readonly onClose: () => void;
}

/** The dialogs of the actions on a sink. */
export const SINK_DIALOGS = { pause: PauseDialog, resume: ResumeDialog, retire: RetireDialog, drop: DropTypeDialog };
export type SinkAction = keyof typeof SINK_DIALOGS;

const leaderNote = ({ leader }: Sink): string =>
  leader === null ? ' No worker leads the sink now, so the command waits until one does.' : '';

function PauseDialog({ sink, onClose }: SinkDialogProps) {
  const { name } = sink;
  return (
    <ActionDialog
      title={`Pause ${name}`}
      effect={`No event is sent to ${name} until it is resumed. New events wait in its backlog, and nothing is lost.${leaderNote(sink)}`}
      action="Pause"
      fields={{}}
      send={(body, header) =>
        read(api.POST('/api/v1/admin/outbox/sinks/{name}/pause', { params: { path: { name }, header }, body }))
      }
      onClose={onClose}
    />
  );
}

function ResumeDialog({ sink, onClose }: SinkDialogProps) {
  const { name } = sink;
  return (
    <ActionDialog
      title={`Resume ${name}`}
      effect={`${name} continues where it was paused and receives its backlog.${leaderNote(sink)}`}
      action="Resume"
      fields={{}}
      send={(body, header) =>
        read(api.POST('/api/v1/admin/outbox/sinks/{name}/resume', { params: { path: { name }, header }, body }))
      }
      onClose={onClose}
    />
  );
}

function RetireDialog({ sink: { name }, onClose }: SinkDialogProps) {
  return (
    <ActionDialog
      title={`Retire ${name}`}
      effect={`${name} never receives an event again, also not those of its backlog. It no longer keeps events in the log, and its name cannot be used again.`}
      action="Retire"
      confirmation={name}
      fields={{}}
      send={(body, header) =>
        read(api.POST('/api/v1/admin/outbox/sinks/{name}/retire', { params: { path: { name }, header }, body }))
      }
      onClose={onClose}
    />
  );
}

/** Offers the types that no worker handles first, because only these can be dropped. */
function DropTypeDialog({ sink, onClose }: SinkDialogProps) {
  const { name, unhandled, event_types: registered } = sink;
  const types = [...new Set([...unhandled.map(({ event_type: type }) => type), ...(registered ?? [])])];
  const [type, setType] = useState(types[0] ?? '');
  return (
    <ActionDialog
      title={`Drop an event type of ${name}`}
      effect={`${name} gives up the type: its open deliveries of the type are skipped, and later events of the type are not sent to it. The command is refused while the worker that leads the sink handles the type.`}
      action="Drop type"
      confirmation={name}
      fields={{ event_type: type }}
      send={(body, header) =>
        read(api.POST('/api/v1/admin/outbox/sinks/{name}/drop-type', { params: { path: { name }, header }, body }))
      }
      onClose={onClose}
    >
      <label>
        Event type
        <select required value={type} onChange={(event) => setType(event.target.value)}>
          {types.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
    </ActionDialog>
  );
}
