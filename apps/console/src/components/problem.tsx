import { ApiProblem } from '../api/client.js';
import { CopyableId } from './copyable.js';

/** An error in the text of a page: what happened, why, and the id that finds it in the logs. */
export function ProblemText({ error }: { readonly error: Error }) {
  const { title, detail, correlationId } =
    error instanceof ApiProblem ? error : { title: 'The console failed', detail: error.message, correlationId: undefined };
  return (
    <div className="problem" role="alert">
      <p className="problem-title">{title}</p>
      <p>{detail}</p>
      {correlationId !== undefined && (
        <p className="hint">
          Correlation id <CopyableId id={correlationId} />
        </p>
      )}
    </div>
  );
}

/** An error instead of the data of a page, with a way to try again. */
export const ProblemState = ({ error, onRetry }: { readonly error: Error; readonly onRetry: () => void }) => (
  <div className="state">
    <ProblemText error={error} />
    <button type="button" onClick={onRetry}>
      Try again
    </button>
  </div>
);

/** Says that the page shows what was read before an error. The next successful read removes it. */
export const StaleNotice = ({ error }: { readonly error: Error | null }) =>
  error && (
    <div className="state stale">
      <ProblemText error={error} />
      <p className="hint">The page shows what was read before this error.</p>
    </div>
  );
