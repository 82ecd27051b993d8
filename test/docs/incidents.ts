import { connect } from '../support/database/database.js';
import { stripeEvent } from '../support/http/stripe.stub.js';
import { deliverWebhook } from '../support/system/billing.js';
import { type ApiResponse, System } from '../support/system/system.js';
import { waitFor } from '../support/time/wait-for.js';

const SLOW_SECONDS = 1.1; // more than LOG_SLOW_QUERY_MS, LOG_SLOW_REQUEST_MS and the threshold of the queries

export interface Incidents {
  readonly system: System;
  /** The log lines of api and worker. */
  readonly lines: readonly string[];
  /** A response 500 because a column is missing. */
  readonly failed: ApiResponse;
  /** A successful response after waiting for a lock for more than a second. */
  readonly slow: ApiResponse;
  /** An invitation whose welcome email was sent. */
  readonly invited: ApiResponse;
  readonly organizationId: string;
  readonly userId: string;
}

/** Starts a system and causes the incidents that the queries look for: a failed, a slow, an aborted and a refused request. */
export async function createIncidents(): Promise<Incidents> {
  const system = await System.start({ environment: { LOG_LEVEL: 'debug' } });
  const as = 'alice@example.com';
  const owner = await connect(system.database.ownerUrl);
  const invited = await system.request('POST', '/members/invitations', {
    as,
    body: { email: 'frank@example.com', role: 'member' },
  });
  await system.request('GET', '/members/nobody', { as });
  await system.request('GET', '/me', { headers: { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' } });
  await system.request('PATCH', '/organization', { as, body: { slug: 'globex' } });

  const webhook = stripeEvent('invoice.paid', 1_790_000_000, { object: 'invoice' });
  await deliverWebhook(system, webhook, { secrets: ['whsec_development'] });
  await deliverWebhook(system, webhook, { secrets: ['whsec_wrong'] });

  await owner.query('alter table organizations_organization rename column slug to gone');
  const failed = await system.request('GET', '/organization', { as });
  await owner.query('alter table organizations_organization rename column gone to slug');

  await owner.query("begin; select from organizations_organization where slug = 'acme' for update");
  const slow = system.request('PATCH', '/organization', { as, body: { name: 'Acme, slowly' } });
  await waitForBlockedStatements(system, 1, SLOW_SECONDS);
  const abortController = new AbortController();
  const aborted = fetch(`http://127.0.0.1:${system.api.port}/api/v1/organization`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${await system.token(as)}`, 'content-type': 'application/json' },
    body: '{"name":"Acme, never answered"}',
    signal: abortController.signal,
  });
  await waitForBlockedStatements(system, 2, 0);
  abortController.abort();
  await aborted.catch(() => undefined);
  await waitFor('the line of the aborted request', () => system.api.linesOf('request_aborted').length);
  await owner.query('commit');
  await owner.end();
  const answered = await slow;
  const ids = [invited, failed, answered].map(({ headers }) => headers.get('x-correlation-id'));
  await waitFor('the access lines of the requests', () =>
    ids.every((id) => system.api.lines.some((line) => line['trace_id'] === id && line['http.status_code'] !== undefined)),
  );
  const delivered = () => system.worker.linesOf('event_delivered').some(({ consumer }) => consumer === 'welcome-email');
  await waitFor('the welcome email', delivered);
  const [accessLine] = system.api.lines.filter((line) => line['trace_id'] === ids[1] && line['http.status_code'] === 500);
  return {
    system,
    lines: system.lines.map((line) => JSON.stringify(line)),
    failed,
    slow: answered,
    invited,
    organizationId: String(accessLine!['organization.id']),
    userId: String(accessLine!['usr.id']),
  };
}

/** Waits until `count` statements wait for a lock and the longest has waited for `seconds`. */
const waitForBlockedStatements = (system: System, count: number, seconds: number): Promise<unknown> =>
  waitFor('statements that wait for the lock', async () => {
    const [row] = await system.query<{ ages: number[] }>(
      `select coalesce(array_agg(extract(epoch from clock_timestamp() - query_start)::float8), '{}') as ages from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock'`,
    );
    return row!.ages.length >= count && Math.max(...row!.ages) >= seconds;
  });
