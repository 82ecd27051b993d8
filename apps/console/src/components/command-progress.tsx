import { useQuery } from '@tanstack/react-query';
import { api, read, type Schemas } from '../api/client.js';
import { answerText, countsText } from './command-text.js';
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
  <ul className="answers" role="status">
    {command.sinks.map(({ sink, status, answer, progress }) => (
      <li key={sink}>
        <strong>{sink}</strong> <Status status={status} />
        <p>{answerText(command.command, answer)}</p>
        {progress && <ReplayProgress sink={sink} progress={progress} />}
      </li>
    ))}
  </ul>
);

const ReplayProgress = ({ sink, progress }: { readonly sink: string; readonly progress: Progress }) => (
  <>
    <progress value={progress.share} aria-label={`Part of the log that ${sink} has read`} />
    <p className="hint">{countsText(progress)}</p>
    {progress.last_error !== null && <p className="error-text">{progress.last_error}</p>}
  </>
);
