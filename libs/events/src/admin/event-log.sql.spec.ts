import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { FIND_ATTEMPTS, FIND_RECEIPTS } from './event-log.sql.js';

describe('the attempts and receipts of several events', () => {
  let database: TestDatabase;
  let worker: pg.Client;
  const [busy, quiet] = [randomUUID(), randomUUID()];

  beforeAll(async () => {
    database = await createDatabase();
    worker = new pg.Client({ connectionString: database.workerUrl });
    await worker.connect();
    const insert = (id: string, count: number, after: string) =>
      Promise.all([
        worker.query(
          `insert into outbox.outbox_attempt (sink, event_id, attempted_at, error)
           select 's', $1, timestamptz '2026-01-01' + $3::interval + n * interval '1 second', n::text from generate_series(1, $2::int) n`,
          [id, count, after],
        ),
        worker.query(
          `insert into outbox.consumer_receipt (consumer, event_id, replay, state, done_at)
           select 'c', $1, gen_random_uuid(), 'done', timestamptz '2026-01-01' + $3::interval + n * interval '1 second'
           from generate_series(1, $2::int) n`,
          [id, count, after],
        ),
      ]);
    await insert(busy, 600, '0');
    await insert(quiet, 1, '1 day');
  });
  afterAll(async () => {
    await worker.end();
    await database.drop();
  });

  it.each([
    ['attempts', FIND_ATTEMPTS],
    ['receipts', FIND_RECEIPTS],
  ])('contain the %s of one event although another event has 600', async (_, sql) => {
    const { rows } = await worker.query<{ event_id: string }>(sql, [[busy, quiet, busy]]);
    const count = (id: string): number => rows.filter(({ event_id }) => event_id === id).length;
    expect([count(busy), count(quiet)]).toEqual([200, 1]);
    expect(rows.at(-1)!.event_id).toBe(quiet); // the newest is last
  });
});
