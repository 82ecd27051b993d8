import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, read, type Schemas } from '../../api/client.js';
import { usePolling } from '../../api/polling.js';
import { ActionButton } from '../../components/action-button.js';
import { ActorEmail } from '../../components/actor-email.js';
import { CancelDialog } from '../../components/cancel-dialog.js';
import { CommandProgress } from '../../components/command-progress.js';
import { Moment } from '../../components/moment.js';
import { reasonAgainstReplay } from '../../session/access.js';
import { useMe, type Me } from '../../session/session.js';
import { filterText } from './replay-selection.js';

type Command = Schemas['Command'];

const POLL_MS = 5_000;
const POLL_RUNNING_MS = 1_000;

/** The replays that have not ended, of all operators. */
export function RunningReplays() {
  const { data: me } = useMe();
  const { isPaused } = usePolling();
  const [canceledId, setCanceledId] = useState<string>();
  const { data } = useQuery({
    queryKey: ['commands', 'running-replays'],
    queryFn: ({ signal }) =>
      read(
        api.GET('/api/v1/admin/outbox/commands', { params: { query: { command: 'replay', state: 'open', limit: 20 } }, signal }),
      ),
    refetchInterval: ({ state }) => !isPaused && (state.data?.data.some(isReplay) ? POLL_RUNNING_MS : POLL_MS),
  });
  if (typeof me !== 'object') return null;
  const replays = data?.data.filter(isReplay) ?? [];
  return (
    <>
      {replays.length > 0 && (
        <section className="replays" aria-labelledby="running-replays">
          <h2 id="running-replays">Running replays</h2>
          <ul>
            {replays.map((replay) => (
              <RunningReplay key={replay.id} replay={replay} me={me} onCancel={() => setCanceledId(replay.id)} />
            ))}
          </ul>
        </section>
      )}
      {/* Outside the list, because the replay leaves the list when it ends. */}
      {canceledId !== undefined && <CancelDialog id={canceledId} onClose={() => setCanceledId(undefined)} />}
    </>
  );
}

const isReplay = ({ arguments: values }: Command): boolean => (values as { dry_run?: unknown }).dry_run !== true;

interface RunningReplayProps {
  readonly replay: Command;
  readonly me: Me;
  readonly onCancel: () => void;
}

function RunningReplay({ replay, me, onCancel }: RunningReplayProps) {
  const { asked_by: person, asked_at: at, reason } = replay;
  return (
    <li>
      <p>
        {person === me.id ? (
          'You replay '
        ) : (
          <>
            <ActorEmail id={person} /> replays{' '}
          </>
        )}
        {filterText((replay.arguments as { filter?: object }).filter ?? {})}
        <span className="meta">
          {' '}
          since <Moment at={at} />
          {reason !== null && `: ${reason}`}
        </span>
      </p>
      <CommandProgress command={replay} />
      <p className="actions">
        <ActionButton disabledBecause={reasonAgainstReplay(me)} onClick={onCancel}>
          Cancel the replay
        </ActionButton>
      </p>
    </li>
  );
}
