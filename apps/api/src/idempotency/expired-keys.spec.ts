import { captureLogs } from '@pikaia/logging/testing';
import type pg from 'pg';
import { DataSource } from 'typeorm';
import { connect, type TestDatabase } from '../../../../test/support/database/database.js';
import { createApiDatabase } from '../../../../test/support/system/api-database.js';
import { ExpiredKeys } from './expired-keys.js';
import { REMOVAL_LOCK } from './idempotency-keys.sql.js';

describe('ExpiredKeys', () => {
  let database: TestDatabase;
  let owner: pg.Client;
  let source: DataSource;
  let expired: ExpiredKeys;

  beforeAll(async () => {
    database = await createApiDatabase();
    owner = await connect(database.ownerUrl);
    source = await new DataSource({ type: 'postgres', url: database.apiUrl }).initialize();
  });
  beforeEach(async () => {
    expired = new ExpiredKeys(source);
    await owner.query('truncate idempotency_key');
  });
  afterAll(async () => {
    await source.destroy();
    await owner.end();
    await database.drop();
  });

  /** Inserts responses that expire in `seconds`. */
  const insert = (name: string, seconds: number, count = 1) =>
    owner.query(
      `insert into idempotency_key (id, fingerprint, status, headers, correlation_id, expires_at)
       select $1 || n, '', 204, '{}', gen_random_uuid(), now() + $2 * interval '1 s' from generate_series(1, $3::int) n`,
      [name, seconds, count],
    );

  const left = async (): Promise<string[]> =>
    (await owner.query<{ id: string }>('select id from idempotency_key order by expires_at')).rows.map(({ id }) => id);

  it('removes the responses that have expired, and no others', async () => {
    await insert('old', -1, 3);
    await insert('new', 60);
    await expired.remove();
    expect(await left()).toEqual(['new1']);
  });

  it('removes at most 10,000 responses, the oldest first', async () => {
    await insert('later', -1);
    await insert('old', -2, 10_000);
    await expired.remove();
    expect(await left()).toEqual(['later1']);
    await expired.remove();
    expect(await left()).toEqual([]);
  });

  it('does not wait for another process that removes them', async () => {
    await insert('old', -1);
    await owner.query('select pg_advisory_lock($1, 0)', [REMOVAL_LOCK]);
    await expired.remove();
    expect(await left()).toEqual(['old1']);
    await owner.query('select pg_advisory_unlock($1, 0)', [REMOVAL_LOCK]);
  });

  it('logs a warning about an error and does not throw it', async () => {
    using logs = captureLogs();
    await owner.query('revoke delete on idempotency_key from pikaia_api');
    await expired.remove();
    await owner.query('grant delete on idempotency_key to pikaia_api');
    expect(logs.of('expired_keys_not_removed')).toHaveLength(1);
  });
});
