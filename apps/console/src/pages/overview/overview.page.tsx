import { ProblemState, StaleNotice } from '../../components/problem.js';
import { Loading } from '../../components/states.js';
import { usePageTitle } from '../../components/use-page-title.js';
import { useMe } from '../../session/session.js';
import { FailureGroups } from './failure-groups.js';
import { LastHour } from './last-hour.js';
import { NewestFailedRequests } from './newest-failed-requests.js';
import { RecentEvents } from './recent-events.js';
import { Sinks } from './sinks.js';
import { useOverview } from './use-overview.js';
import '../../styles/overview.css';

/** Answers: is everything well? */
export default function OverviewPage() {
  usePageTitle('Overview');
  return (
    <article className="overview">
      <header className="page-head">
        <h1>Overview</h1>
      </header>
      <Outbox />
      <NewestFailedRequests />
      <RecentEvents title="Failed events" status="failed" empty="No event has failed." />
      <RecentEvents title="Events being retried" status="retrying" empty="No event is being retried." />
      <RecentEvents title="Newest events" empty="No event was published yet." />
    </article>
  );
}

function Outbox() {
  const { data: me } = useMe();
  const { data, error, refetch } = useOverview();
  const seesSinks = typeof me === 'object' && me.organization_id === null;
  if (!data) return error ? <ProblemState error={error} onRetry={() => void refetch()} /> : <Loading what="the overview" />;
  return (
    <>
      <StaleNotice error={error} />
      <LastHour overview={data} />
      <section aria-labelledby="sinks">
        <h2 id="sinks">Sinks</h2>
        {seesSinks ? (
          <Sinks overview={data} />
        ) : (
          <p className="disabled-part">
            Only operators and viewers of the platform see the sinks, because every organization shares them.
          </p>
        )}
      </section>
      {seesSinks && <FailureGroups overview={data} />}
    </>
  );
}
