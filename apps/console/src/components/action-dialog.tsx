import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useId, useRef, useState, type FormEvent, type ReactNode } from 'react';
import { Link } from 'wouter';
import { ApiProblem, type Schemas } from '../api/client.js';
import { MAX_REASON_LENGTH } from '../api/limits.js';
import { ME } from '../api/query-client.js';
import { CommandProgress, hasEnded, useCommand } from './command-progress.js';
import { ProblemText } from './problem.js';
import '../styles/actions.css';

type Command = Schemas['Command'];

/** The headers of the request of an action. */
export interface ActionHeaders {
  readonly 'Idempotency-Key': string;
}

interface ActionDialogProps<Fields extends object> {
  /** The action and its object, such as `Pause local/welcome-email`. */
  readonly title: string;
  /** What the action does, in a sentence. */
  readonly effect: ReactNode;
  /** The label of the button that starts the action. */
  readonly action: string;
  /** A text that the person must type first, because the action cannot be undone. */
  readonly confirmation?: string | undefined;
  /** Why the action cannot be started now, for example because a field has an invalid value. */
  readonly problem?: string | undefined;
  /** The request body without the reason. */
  readonly fields: Fields;
  /** Form elements for the fields. */
  readonly children?: ReactNode;
  /** Sends the request. The dialog chooses the key so that a repeat after a lost response has no second effect. */
  readonly send: (body: Fields & { readonly reason: string }, headers: ActionHeaders) => Promise<Command>;
  readonly onClose: () => void;
}

/**
 * Asks for the reason of an action, starts it, and shows the command until it ends. Mount it to open it. An error keeps what was typed.
 * Closing the dialog does not stop the command.
 */
export function ActionDialog<Fields extends object>(props: ActionDialogProps<Fields>) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  const send = useMutation({ mutationFn: useSend(props) });
  useEffect(() => dialog.current!.showModal(), []);
  const close = (): void => dialog.current!.close();
  return (
    <dialog
      ref={dialog}
      className="action"
      aria-labelledby={`${id}-title`}
      aria-describedby={`${id}-effect`}
      onClose={props.onClose}
    >
      <h2 id={`${id}-title`}>{props.title}</h2>
      {send.data === undefined ? (
        <>
          <p id={`${id}-effect`}>{props.effect}</p>
          <ActionForm
            action={props.action}
            confirmation={props.confirmation}
            problem={props.problem}
            isSending={send.isPending}
            error={send.error}
            onSubmit={send.mutate}
            onCancel={close}
          >
            {props.children}
          </ActionForm>
        </>
      ) : (
        <StartedCommand started={send.data} onClose={close} />
      )}
    </dialog>
  );
}

/**
 * Returns the function that sends the request with a reason. It keeps the key of a request whose result is not known, so that a repeat
 * of the same request does not start a second command.
 */
function useSend<Fields extends object>({ fields, send }: ActionDialogProps<Fields>) {
  const unanswered = useRef<{ readonly body: string; readonly key: string }>(undefined);
  return async (reason: string): Promise<Command> => {
    const body = { ...fields, reason };
    const text = JSON.stringify(body);
    const key = unanswered.current?.body === text ? unanswered.current.key : crypto.randomUUID();
    unanswered.current = { body: text, key };
    try {
      return await send(body, { 'Idempotency-Key': key });
    } catch (error) {
      if (isAnswer(error)) unanswered.current = undefined; // the api stores the answer, and would repeat it for the same key
      throw error;
    }
  };
}

/** Whether the api processed the request. It does not store an error that says when to repeat the request, or an error of the server. */
const isAnswer = (error: unknown): boolean =>
  error instanceof ApiProblem && error.status >= 400 && error.status < 500 && error.retryAfterSeconds === undefined;

interface ActionFormProps {
  readonly action: string;
  readonly confirmation: string | undefined;
  readonly problem: string | undefined;
  readonly isSending: boolean;
  readonly error: Error | null;
  readonly onSubmit: (reason: string) => void;
  readonly onCancel: () => void;
  readonly children: ReactNode;
}

function ActionForm({ action, confirmation, problem, isSending, error, onSubmit, onCancel, children }: ActionFormProps) {
  const [reason, setReason] = useState('');
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (!isSending && problem === undefined) onSubmit(reason.trim());
  };
  return (
    <form onSubmit={submit}>
      {children}
      <label>
        Reason
        <CheckedInput
          value={reason}
          maxLength={MAX_REASON_LENGTH}
          problem={reason.trim() === '' ? 'Say why you do this.' : ''}
          onChange={setReason}
          hint={`${reason.length} of ${MAX_REASON_LENGTH} characters. It is stored in the audit log, so do not enter personal data.`}
          autoFocus
        />
      </label>
      {confirmation !== undefined && <ConfirmationField text={confirmation} />}
      {error && <ProblemText error={error} />}
      <p className="hint" role="status">
        {problem}
      </p>
      <p className="actions">
        <button
          type="submit"
          className={confirmation === undefined ? 'primary' : 'primary danger'}
          aria-disabled={isSending || problem !== undefined}
        >
          {isSending ? 'Sending …' : action}
        </button>
        <button type="button" onClick={onCancel}>
          Do nothing
        </button>
      </p>
    </form>
  );
}

function ConfirmationField({ text }: { readonly text: string }) {
  const [typed, setTyped] = useState('');
  return (
    <label>
      <span>
        This cannot be undone. Type <strong className="typed">{text}</strong> to confirm.
      </span>
      <CheckedInput value={typed} problem={typed.trim() === text ? '' : `Type ${text} to confirm.`} onChange={setTyped} />
    </label>
  );
}

/** A required text field. The browser shows the problem when the form is submitted, and submits nothing. */
function CheckedInput(props: {
  readonly value: string;
  readonly problem: string;
  readonly onChange: (value: string) => void;
  readonly hint?: string;
  readonly maxLength?: number;
  readonly autoFocus?: boolean;
}) {
  const field = useRef<HTMLInputElement>(null);
  const hint = useId();
  useEffect(() => field.current!.setCustomValidity(props.problem), [props.problem]);
  useEffect(() => {
    if (props.autoFocus) field.current!.setAttribute('autofocus', ''); // React sets no attribute; showModal() reads it
  }, [props.autoFocus]);
  return (
    <>
      <input
        ref={field}
        required
        autoComplete="off"
        value={props.value}
        maxLength={props.maxLength}
        aria-describedby={props.hint === undefined ? undefined : hint}
        onChange={(event) => props.onChange(event.target.value)}
      />
      {props.hint !== undefined && (
        <span id={hint} className="hint">
          {props.hint}
        </span>
      )}
    </>
  );
}

function StartedCommand({ started, onClose }: { readonly started: Command; readonly onClose: () => void }) {
  const { command, error } = useCommand(started);
  const queries = useQueryClient();
  const ended = hasEnded(command);
  useEffect(() => {
    // The command may have changed anything that the page shows.
    if (ended) void queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== ME[0] });
  }, [ended, queries]);
  return (
    <>
      <div role="status">
        <CommandProgress command={command} />
      </div>
      {error && <ProblemText error={error} />}
      {!ended && <p className="hint">The command continues when you close this dialog. The operations page lists it.</p>}
      <p className="actions">
        <button type="button" className="primary" autoFocus onClick={onClose}>
          Close
        </button>
        <AuditLink command={command} />
      </p>
    </>
  );
}

/** A link to the audit entry that a command left. */
export const AuditLink = ({ command: { correlation_id: id } }: { readonly command: Command }) =>
  id !== null && <Link href={`/audit?correlation_id=${id}`}>Audit entry</Link>;
