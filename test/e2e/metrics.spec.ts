import { eventMetrics, OUTBOX_METRICS_SERVICE } from '@pikaia/events/metrics';
import { System } from '../support/system/system.js';
import { waitFor } from '../support/time/wait-for.js';

const metrics = eventMetrics;
const CONSUMER = 'welcome-email';

/** The running worker prints the metrics that the dashboards read. */
describe('the metrics of the worker', () => {
  let system: System;

  beforeAll(async () => {
    system = await System.start({
      environment: { METRIC_INTERVAL_MS: '100', OUTBOX_LEADER_TIMEOUT_MS: '4000', OUTBOX_LEADERLESS_ALARM_MS: '4000' },
    });
  });
  afterAll(() => system.stop());

  it('are printed with their dimensions, including zeros', async () => {
    const answer = await system.request('POST', '/members/invitations', {
      as: 'alice@example.com',
      body: { email: 'measured@example.com', role: 'member' },
      headers: { prefer: 'change-token' },
    });
    await system.waitUntilSeen(CONSUMER, answer);
    const sink = `local/${CONSUMER}`;
    const since = system.worker.lines.length;
    await waitFor('the metrics of the sink', () =>
      system.worker.lines.slice(since).some((line) => line['sink'] === sink && line[metrics.backlog.name] === 0),
    ); // the cursor is stored as well
    await system.worker.stop();

    const lines = system.worker.lines.filter((line) => '_aws' in line);
    const seen = (name: string, dimension: string, value: string) =>
      lines.filter((line) => name in line && line[dimension] === value).flatMap((line) => line[name]);
    expect(seen(metrics.published.name, 'sink', sink)).toContain(1);
    expect(seen(metrics.publishLatency.name, 'sink', sink)).toEqual([expect.any(Number)]);
    for (const { name } of [metrics.backlog, metrics.failed]) expect(seen(name, 'sink', sink)).toContain(0);
    expect(seen(metrics.oldestPending.name, 'sink', sink)).toContain(0);
    expect(seen(metrics.consumerHandled.name, 'consumer', CONSUMER)).toEqual([1]);
    expect(seen(metrics.consumerDuration.name, 'consumer', CONSUMER)).toEqual([expect.any(Number)]);
    for (const line of lines) expect(line).toMatchObject({ service: OUTBOX_METRICS_SERVICE, environment: expect.any(String) });
  });
});
