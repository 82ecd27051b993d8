import { useQuery } from '@tanstack/react-query';
import { ApiProblem, api, read, type Schemas } from '../../api/client.js';
import { Moment } from '../../components/moment.js';
import { ProblemState, StaleNotice } from '../../components/problem.js';
import { Empty, Loading } from '../../components/states.js';
import { Table } from '../../components/table.js';
import { amountText } from './amount-text.js';

type Housekeeping = Schemas['Housekeeping'];
type Removal = Housekeeping['last_run']['results'][number] & { readonly is_capped?: boolean };

/** What the next run of housekeeping would remove, and when; and what the last one removed. */
export function HousekeepingPreview() {
  // Each read counts the expired rows, so it does not poll.
  const { data, error, refetch, isFetching } = useQuery({
    queryKey: ['housekeeping'],
    queryFn: ({ signal }) => read(api.GET('/api/v1/admin/outbox/housekeeping', { signal })),
  });
  if (error instanceof ApiProblem && error.status === 404) return <Empty title={error.detail} />;
  if (!data) return error ? <ProblemState error={error} onRetry={() => void refetch()} /> : <Loading what="housekeeping" />;
  const { next_run_at: next, last_run: last, retention_days: days, expected } = data;
  return (
    <>
      <StaleNotice error={error} />
      <p>
        Next run: {next === null ? 'not known, because no running worker has reported it' : <Moment at={next} />}. Last run:{' '}
        <Moment at={last.at} />.
      </p>
      <p className="meta">
        Events that every sink has received are kept for {daysText(days.log)}, failed ones, commands and replays for{' '}
        {daysText(days.failed)}, receipts of consumers for {daysText(days.receipts)}.
      </p>
      <h3>The next run would remove</h3>
      <Removals
        removals={expected}
        label="Table of what the next run would remove"
        empty="Nothing is old enough to be removed."
      />
      <p className="actions">
        <button type="button" disabled={isFetching} onClick={() => void refetch()}>
          {isFetching ? 'Counting …' : 'Count again'}
        </button>
      </p>
      <details>
        <summary>The last run removed</summary>
        <Removals removals={last.results} label="Table of what the last run removed" empty="Nothing was removed." />
      </details>
    </>
  );
}

const daysText = (days: number): string => `${days.toLocaleString()} ${days === 1 ? 'day' : 'days'}`;

function Removals(props: { readonly removals: readonly Removal[]; readonly label: string; readonly empty: string }) {
  const shown = props.removals.filter(({ removed, kept }) => removed > 0 || kept !== null);
  if (shown.length === 0) return <p className="meta">{props.empty}</p>;
  return (
    <Table label={props.label} columns={['Table or partition', 'Amount', 'Kept because']}>
      {shown.map(({ what, removed, unit, kept, is_capped: isCapped }) => (
        <tr key={what}>
          <th scope="row">{what}</th>
          <td data-heading="Amount">
            {amountText(removed, unit)}
            {isCapped === true && ' or more'}
          </td>
          <td className="wide" data-heading="Kept because">
            {kept ?? '–'}
          </td>
        </tr>
      ))}
    </Table>
  );
}
