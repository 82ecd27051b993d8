import { useQuery } from '@tanstack/react-query';
import { api, read, type Schemas } from '../api/client.js';
import { answerText } from './command-text.js';
import { replayFigures, replayText } from './replay-figures.js';
import { Status } from './status.js';

type Command = Schemas['Command'];
type Progress = Schemas['ReplayProgress'];

const POLL_MS = 1_000;

/** Whether every sink has answered a command. */
export const hasEnded = ({ status }: Command): boolean => status !== 'pending' && status !== 'running';

/** Follows a command until it ends. */
export function useCommand(started: Command) {
  const { data: command, error } = useQuery({
    queryKey: ['command', started.id],
    queryFn: ({ signal }) =>
      read(api.GET('/api/v1/admin/outbox/commands/{id}', { params: { path: { id: started.id } }, signal })),
    initialData: started,
    refetchInterval: ({ state: { data } }) => (data && hasEnded(data) ? false : POLL_MS),
  });
  return { command, error };
}

/** The answers of the sinks to a command, and the progress of a replay. */
export const CommandProgress = ({ command }: { readonly command: Command }) => (
  <ul className="answers">
    {command.sinks.map(({ sink, status, answer, progress, expected }) => (
      <li key={sink}>
        <strong>{sink}</strong> <Status status={status} />
        <p>{answerText(command.command, answer)}</p>
        {progress && <ReplayProgress sink={sink} progress={progress} expected={expected} />}
      </li>
    ))}
  </ul>
);

interface ReplayProgressProps {
  readonly sink: string;
  readonly progress: Progress;
  readonly expected: number | null;
}

const ReplayProgress = ({ sink, progress, expected }: ReplayProgressProps) => (
  <>
    <progress value={replayFigures(progress, expected).share} aria-label={`Progress of the replay at ${sink}`} />
    <p className="hint">{replayText(progress, expected)}</p>
    {progress.last_error !== null && <p className="error-text">{progress.last_error}</p>}
  </>
);
