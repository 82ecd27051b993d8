import { newId } from '@pikaia/core';
import type pg from 'pg';
import { connect, createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { insertEvent, insertValues } from './publish.sql.js';

let database: TestDatabase;
let api: pg.Client;

beforeAll(async () => {
  database = await createDatabase();
  api = await connect(database.apiUrl);
});

afterAll(async () => {
  await api.end();
  await database.drop();
});

const event = (size = 2): unknown[] => {
  const aggregate = { aggregate_type: 'a', aggregate_id: '1', organization_id: null };
  const cause = { correlation_id: newId(), occurred_at: new Date() };
  return insertValues({ event_id: newId(), event_type: 'a.b', schema_version: 1, ...aggregate, ...cause }, size, '{}');
};
const columns = 'event_id, event_type, schema_version, aggregate_type, aggregate_id, occurred_at, size, payload';

describe('the rights of pikaia_api on the log', () => {
  it('inserts only the granted columns; the server fills in the others', async () => {
    await api.query(insertEvent, event());
    const { rows } = await api.query(`select position > 0 and txid < pg_current_xact_id() and slot between 0 and 11
      and recorded_at > clock_timestamp() - interval '1 minute' as filled from outbox.outbox_log`);
    expect(rows).toEqual([{ filled: true }]);
  });

  it('inserts an event as a version does that knows no causes, while a deployment replaces it', async () => {
    const values = `gen_random_uuid(), 'old.inserted', 1, 'a', '1', now(), 2, '{}'`;
    await api.query(`insert into outbox.outbox_log (${columns}) values (${values})`);
    const { rows } = await api.query(`select causation_id from outbox.outbox_log where event_type = 'old.inserted'`);
    expect(rows).toEqual([{ causation_id: null }]);
  });

  it.each([
    ['position', '1'],
    ['txid', `'1'`],
    ['slot', '0'],
    ['recorded_at', 'now()'],
  ])('cannot set the column %s', async (column, value) => {
    const forged = `insert into outbox.outbox_log (${columns}, ${column})
      values (gen_random_uuid(), 'a.b', 1, 'a', '1', now(), 2, '{}', ${value})`;
    await expect(api.query(forged)).rejects.toMatchObject({ code: '42501' });
  });

  it.each([
    `update outbox.outbox_log set payload = '{}'`,
    'update outbox.outbox_log_3 set position = 1',
    'delete from outbox.outbox_log',
    'truncate outbox.outbox_log',
    'truncate outbox.outbox_log_3',
    'drop table outbox.outbox_log',
    `insert into outbox.outbox_log_3 (event_id) values (gen_random_uuid())`,
    `select setval('outbox.outbox_position', 1)`,
    `select outbox.empty_slot(0, interval '0')`,
  ])('may not execute: %s', async (sql) => {
    await expect(api.query(sql)).rejects.toMatchObject({ code: '42501' });
  });

  it('cannot store an event whose size is smaller than its text, because reads are bounded by that size', async () => {
    await expect(api.query(insertEvent, event(1))).rejects.toMatchObject({ constraint: 'outbox_log_size' });
  });
});
