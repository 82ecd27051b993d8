import { flushMetrics } from '@pikaia/logging';
import { captureLogs, type CapturedLogs } from '@pikaia/logging/testing';
import type pg from 'pg';
import type { DataSource } from 'typeorm';
import { connect, type TestDatabase } from '../../../../test/support/database/database.js';
import { createApiDatabase } from '../../../../test/support/system/api-database.js';
import { webhookMetrics } from './webhook.metrics.js';
import { WebhookMonitor } from './webhook.monitor.js';

describe('WebhookMonitor', () => {
  let database: TestDatabase;
  let client: pg.Client;
  let logs: CapturedLogs;

  beforeAll(async () => {
    database = await createApiDatabase();
    client = await connect(database.apiUrl);
  });
  afterAll(async () => {
    await client.end();
    await database.drop();
  });
  beforeEach(() => {
    flushMetrics();
    logs = captureLogs();
  });
  afterEach(() => logs.restore());

  const query = async (sql: string, values: unknown[]): Promise<unknown[]> => (await client.query(sql, values)).rows;

  /** Measures once. @returns the silence of each source that has one. */
  async function measure(source: Pick<DataSource, 'query'> = { query } as DataSource): Promise<Record<string, unknown>> {
    const monitor = new WebhookMonitor(source as DataSource);
    for (const name of ['busy', 'rare', 'new']) monitor.watch(name);
    monitor.onApplicationBootstrap();
    await monitor.onApplicationShutdown();
    flushMetrics();
    const lines = logs.records.filter((line) => webhookMetrics.silence.name in line);
    return Object.fromEntries(lines.map((line) => [line['source'], line[webhookMetrics.silence.name]]));
  }

  const receive = (source: string, count: number, hoursAgo: number) =>
    client.query(
      `insert into processed_webhook (source, event_id, event_type, processed_at)
       select $1, gen_random_uuid(), 'x', now() - make_interval(hours => $3::int + n) from generate_series(0, $2::int - 1) n`,
      [source, count, hoursAgo],
    );

  it('reports the silence of a provider with 100 events, and nothing of one that sends less or never sent', async () => {
    await receive('busy', 99, 5);
    await receive('rare', 99, 500);
    expect(await measure()).toEqual({});
    await receive('busy', 1, 200);
    expect(await measure()).toEqual({ busy: expect.closeTo(5 * 3_600, -2) });
    await receive('busy', 1, 0);
    expect(await measure()).toEqual({ busy: expect.closeTo(0, -2) });
  });

  it('reports nothing and logs the reason while the database cannot be read', async () => {
    expect(await measure({ query: () => Promise.reject(new Error('unreachable')) })).toEqual({});
    expect(logs.records).toContainEqual(expect.objectContaining({ event: 'webhook_silence_unknown', 'webhook.source': 'busy' }));
  });
});
