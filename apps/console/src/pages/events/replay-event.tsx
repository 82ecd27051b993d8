import { useState } from 'react';
import type { Schemas } from '../../api/client.js';
import { ActionButton } from '../../components/action-button.js';
import { reasonAgainstReplay } from '../../session/access.js';
import { useMe } from '../../session/session.js';
import { ReplayDialog } from './replay-dialog.js';

/** The button that replays one event. */
export function ReplayEvent({ event }: { readonly event: Schemas['EventDetails'] }) {
  const { data: me } = useMe();
  const [isOpen, setOpen] = useState(false);
  if (typeof me !== 'object') return null;
  return (
    <>
      <ActionButton disabledBecause={reasonAgainstReplay(me)} onClick={() => setOpen(true)}>
        Replay
      </ActionButton>
      {isOpen && (
        <ReplayDialog
          title={`Replay ${event.event_type}`}
          filter={{ event_ids: [event.event_id] }}
          eventId={event.event_id}
          onClose={() => setOpen(false)}
        />
      )}
    </>
  );
}
