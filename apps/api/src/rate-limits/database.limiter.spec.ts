import { newId, systemClock } from '@pikaia/core';
import { captureLogs } from '@pikaia/logging/testing';
import { DataSource } from 'typeorm';
import { executeSql, type TestDatabase } from '../../../../test/support/database/database.js';
import { createApiDatabase } from '../../../../test/support/system/api-database.js';
import { DatabaseLimiter } from './database.limiter.js';
import { consume } from './quota.js';

const QUOTA = { requests: 10, windowSeconds: 60 };

describe('DatabaseLimiter', () => {
  let database: TestDatabase;
  let source: DataSource;
  let limiter: DatabaseLimiter;

  beforeAll(async () => {
    database = await createApiDatabase();
    source = await new DataSource({ type: 'postgres', url: database.apiUrl }).initialize();
    limiter = new DatabaseLimiter(QUOTA, systemClock, source);
  });
  afterAll(async () => {
    await source.destroy();
    await database.drop();
  });

  it('counts concurrent requests exactly, as the role of the api', async () => {
    const id = newId();
    const counts = await Promise.all(Array.from({ length: 30 }, () => consume(limiter, id)));
    expect(counts.filter(({ allowed }) => allowed)).toHaveLength(QUOTA.requests);
    expect(counts.map(({ consumed }) => consumed).sort((a, b) => a - b)).toEqual(counts.map((_, index) => index + 1));
  });

  it('begins a new window when the clock of the database has passed the end of the old one', async () => {
    const id = newId();
    expect(await consume(limiter, id, 11)).toMatchObject({ allowed: false, remaining: 0 });
    const { resetMs } = await consume(limiter, id);
    expect(resetMs).toBeGreaterThan(0);
    expect(resetMs).toBeLessThanOrEqual(QUOTA.windowSeconds * 1_000);
    await executeSql(database.ownerUrl, `update rate_limit_window set ends_at = now() where organization_id = '${id}'`);
    expect(await consume(limiter, id)).toMatchObject({ allowed: true, consumed: 1, resetMs: QUOTA.windowSeconds * 1_000 });
  });

  it('counts in memory while the database cannot be used, logs that, and counts in the database again afterwards', async () => {
    using logs = captureLogs();
    const id = newId();
    await executeSql(database.ownerUrl, 'alter table rate_limit_window rename to rate_limit_away');
    const counts = [];
    for (let sent = 0; sent < 11; sent++) counts.push(await consume(limiter, id));
    expect(counts.map(({ allowed }) => allowed)).toEqual([...Array.from({ length: 10 }, () => true), false]);
    expect(logs.of('rate_limit_not_shared')).toHaveLength(11);
    await executeSql(database.ownerUrl, 'alter table rate_limit_away rename to rate_limit_window');
    expect(await consume(limiter, id)).toMatchObject({ allowed: true, consumed: 1 });
  });
});
