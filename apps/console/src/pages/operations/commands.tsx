import { useState } from 'react';
import { Link } from 'wouter';
import { api, read, type Schemas } from '../../api/client.js';
import { useKeysetPages } from '../../api/keyset-pages.js';
import { usePolling } from '../../api/polling.js';
import { ActionButton } from '../../components/action-button.js';
import { AuditLink } from '../../components/action-dialog.js';
import { ActorEmail } from '../../components/actor-email.js';
import { CancelDialog } from '../../components/cancel-dialog.js';
import { CommandProgress, hasEnded } from '../../components/command-progress.js';
import { ListState } from '../../components/list-state.js';
import { Moment } from '../../components/moment.js';
import { Empty } from '../../components/states.js';
import { Status } from '../../components/status.js';
import { subjectOf } from './command-subject.js';

type Command = Schemas['Command'];

/** The newest commands: who gave them, why, and what the sinks answered. */
export function Commands({ disabledBecause }: { readonly disabledBecause: string | undefined }) {
  const { refetchInterval } = usePolling();
  const [canceled, setCanceled] = useState<Command>();
  const query = useKeysetPages<Command>(
    ['commands'],
    (cursor, signal) =>
      read(api.GET('/api/v1/admin/outbox/commands', { params: { query: cursor === undefined ? {} : { cursor } }, signal })),
    refetchInterval,
  );
  return (
    <>
      <ListState what="commands" query={query} empty={<Empty title="No command has been given yet." />}>
        <ol className="sentences" aria-label="Recent commands">
          {query.items?.map((command) => (
            <li key={command.id}>
              <CommandRow command={command} disabledBecause={disabledBecause} onCancel={() => setCanceled(command)} />
            </li>
          ))}
        </ol>
      </ListState>
      {canceled && <CancelDialog id={canceled.id} onClose={() => setCanceled(undefined)} />}
    </>
  );
}

interface CommandRowProps {
  readonly command: Command;
  readonly disabledBecause: string | undefined;
  readonly onCancel: () => void;
}

function CommandRow({ command, disabledBecause, onCancel }: CommandRowProps) {
  const subject = subjectOf(command);
  const isRunning = !hasEnded(command);
  return (
    <>
      <p>
        <strong>{command.command.replaceAll('_', ' ')}</strong>{' '}
        {subject.path === undefined ? subject.text : <Link href={subject.path}>{subject.text}</Link>}{' '}
        <Status status={command.status} />
        <span className="meta">
          {' '}
          by <ActorEmail id={command.asked_by} /> <Moment at={command.asked_at} /> · <AuditLink command={command} />
        </span>
      </p>
      <p className="reason">{command.reason ?? <span className="meta">No reason was given.</span>}</p>
      {isRunning ? (
        <CommandProgress command={command} />
      ) : (
        <details open={command.status !== 'done'}>
          <summary>Answers</summary>
          <CommandProgress command={command} />
        </details>
      )}
      {isRunning && command.command === 'replay' && (
        <p className="actions">
          <ActionButton label={`Cancel the replay of ${subject.text}`} disabledBecause={disabledBecause} onClick={onCancel}>
            Cancel
          </ActionButton>
        </p>
      )}
    </>
  );
}
