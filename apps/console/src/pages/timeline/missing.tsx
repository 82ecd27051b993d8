import type { Schemas } from '../../api/client.js';
import { ROOT_PATH } from '../../base.js';
import { CopyableId } from '../../components/copyable.js';
import type { Me } from '../../session/session.js';

/** Says what the timeline does not show, and where it is. */
export function Missing({ correlation, me }: { readonly correlation: Schemas['Correlation']; readonly me: Me }) {
  const { entries, truncated, correlation_id: id } = correlation;
  const hasLines = entries.some(({ kind }) => kind === 'log');
  return (
    <section className="missing" aria-labelledby="missing-title">
      <h2 id="missing-title">What may be missing</h2>
      <ul>
        {truncated.map(({ kind, shown, hint, next }) => (
          <li key={kind} className="warn">
            There are more than these {shown} entries of the kind {kind}. {hint}{' '}
            {next !== null && (
              <a href={ROOT_PATH + next} target="_blank" rel="noreferrer">
                Next page as JSON
              </a>
            )}
          </li>
        ))}
        {!hasLines && (
          <li>
            Log lines. They are here only in development. Elsewhere, search the log store for <code>trace_id</code>{' '}
            <CopyableId id={id} />
          </li>
        )}
        {me.organization_id === null ? (
          <li>Personal data of events, which is masked for operators.</li>
        ) : (
          <li>What belongs to another organization, or to none.</li>
        )}
        <li>
          What housekeeping has removed: published events, receipts and log files are kept for a limited time. Audit entries stay.
        </li>
      </ul>
    </section>
  );
}
