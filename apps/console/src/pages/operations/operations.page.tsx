import { useQuery } from '@tanstack/react-query';
import { api, read } from '../../api/client.js';
import { usePolling } from '../../api/polling.js';
import { ProblemState, StaleNotice } from '../../components/problem.js';
import { Section } from '../../components/section.js';
import { Loading } from '../../components/states.js';
import { usePageTitle } from '../../components/use-page-title.js';
import { reasonAgainstAction, reasonAgainstReplay } from '../../session/access.js';
import { useMe, type Me } from '../../session/session.js';
import { BlockedObjects } from './blocked.js';
import { Commands } from './commands.js';
import { HousekeepingPreview } from './housekeeping.js';
import { Sinks } from './sinks.js';
import { Workers } from './workers.js';
import '../../styles/actions.css';
import '../../styles/operations.css';

/** Hold, release, repair: the sinks with their workers, what waits for a decision, and the commands of operators. */
export default function OperationsPage() {
  usePageTitle('Operations');
  const { data: me } = useMe();
  if (typeof me !== 'object') return null; // the sign-in page replaces this one
  return (
    <article className="operations">
      <header className="page-head">
        <h1>Operations</h1>
        <p className="meta">Each action asks for a reason and leaves an entry in the audit log.</p>
      </header>
      {me.organization_id === null ? (
        <Platform me={me} />
      ) : (
        <p className="disabled-part">
          Only operators and viewers of the platform see sinks and workers, because every organization shares them.
        </p>
      )}
      <Section title="Recent commands">
        <Commands disabledBecause={reasonAgainstReplay(me)} />
      </Section>
      {me.organization_id === null && (
        <Section title="Housekeeping">
          <HousekeepingPreview />
        </Section>
      )}
    </article>
  );
}

function Platform({ me }: { readonly me: Me }) {
  const { refetchInterval } = usePolling();
  const { data, error, refetch } = useQuery({
    queryKey: ['outbox'],
    queryFn: ({ signal }) => read(api.GET('/api/v1/admin/outbox', { signal })),
    refetchInterval,
  });
  const disabledBecause = reasonAgainstAction(me, 'operator');
  return (
    <>
      {data ? (
        <>
          <StaleNotice error={error} />
          <Section title="Sinks">
            <Sinks sinks={data.sinks} workers={data.workers} disabledBecause={disabledBecause} />
          </Section>
          <Section title="Workers">
            <Workers workers={data.workers} />
          </Section>
        </>
      ) : error ? (
        <ProblemState error={error} onRetry={() => void refetch()} />
      ) : (
        <Loading what="the sinks" />
      )}
      <Section title="Blocked objects">
        <p className="hint">
          A sink has given up an event, and the later events of the same object wait. Skip the event, or open it to replay it.
        </p>
        <BlockedObjects disabledBecause={disabledBecause} />
      </Section>
    </>
  );
}
