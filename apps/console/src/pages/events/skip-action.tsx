import { useState } from 'react';
import type { Schemas } from '../../api/client.js';
import { ActionButton } from '../../components/action-button.js';
import { SkipDialog } from '../../components/skip-dialog.js';
import { reasonAgainstAction } from '../../session/access.js';
import { useMe } from '../../session/session.js';

type EventDetails = Schemas['EventDetails'];

/** The button that skips an event. It is shown while a sink holds the event back. */
export function SkipAction({ event }: { readonly event: EventDetails }) {
  const { data: me } = useMe();
  const [isOpen, setOpen] = useState(false);
  const sinksOf = (...statuses: readonly string[]): string[] =>
    event.deliveries.filter(({ status }) => statuses.includes(status)).map(({ sink }) => sink);
  const sinks = sinksOf('failed', 'retrying');
  const isWaiting = sinks.length === 0 && sinksOf('waiting').length > 0;
  const isOffered = sinks.length > 0 || isWaiting;
  const reason = typeof me === 'object' ? reasonAgainstAction(me, 'operator') : undefined;
  return (
    <>
      {isOffered && (
        <ActionButton
          label={`Skip ${event.event_type}`}
          disabledBecause={
            reason ?? (isWaiting ? 'It waits behind an earlier event of its object. Skip or replay that one.' : undefined)
          }
          onClick={() => setOpen(true)}
        >
          Skip
        </ActionButton>
      )}
      {isOpen && (
        <SkipDialog eventId={event.event_id} eventType={event.event_type} sinks={sinks} onClose={() => setOpen(false)} />
      )}
    </>
  );
}
