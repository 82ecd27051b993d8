import { DataSource } from 'typeorm';
import { useFixture } from '../../../../test/support/jest/use-fixture.js';
import { EventLogFixture } from '../../../../test/support/outbox/event-log.fixture.js';
import { MAX_COUNTED_ATTEMPTS, MAX_GROUPED, MAX_GROUPS, THROUGHPUT } from './overview.sql.js';
import { OutboxOverview } from './outbox.overview.js';

const FULL = 'aaaaaaaaaaaaaaaa'; // fingerprints
const GONE = 'bbbbbbbbbbbbbbbb';

const fixture = useFixture(new EventLogFixture([]));
const overview = () => fixture.app.get(OutboxOverview);

beforeEach(async () => {
  await fixture.owner.query('truncate outbox.outbox_delivery, outbox.outbox_attempt, outbox.outbox_progress, outbox.outbox_sink');
  await fixture.owner.query(
    `insert into outbox.outbox_sink (name, state) values ('mail', 'active'), ('search', 'paused'), ('old', 'retired')`,
  );
});

const plantDeliveries = (sink: string, status: string, fingerprint: string, count: number, type = 'thing.changed') =>
  fixture.owner.query(
    `insert into outbox.outbox_delivery (sink, event_id, position, status, last_error, fingerprint, event_type, schema_version,
       aggregate_type, aggregate_id, occurred_at, updated_at, payload)
     select $1, gen_random_uuid(), n, $2, 'refused ' || n || ' for bob@example.com, password=canary', $3, $5, 1, 'thing', n::text, now(),
       timestamptz '2026-01-01T08:00:00Z' + n * interval '1 minute', '{"actor":{"email":"bob@example.com"}}' from generate_series(1, $4::int) n`,
    [sink, status, fingerprint, count, type],
  );
/** Inserts one row for each number of minutes before now. */
const plantAttempts = (sink: string, minutes: readonly number[]) =>
  fixture.owner.query(
    `insert into outbox.outbox_attempt (sink, event_id, attempted_at, error)
     select $1, gen_random_uuid(), clock_timestamp() - m * interval '1 minute', 'refused' from unnest($2::float8[]) m`,
    [sink, minutes],
  );
const plantCursors = (sink: string, first: number, minutes: readonly number[]) =>
  fixture.owner.query(
    `insert into outbox.outbox_progress (sink, number, position, snapshot, accepted, stored_at, worker)
     select $1, $2 + n, n, pg_current_snapshot(), 7, clock_timestamp() - m * interval '1 minute', 'spec'
     from unnest($3::float8[]) with ordinality as t(m, n)`,
    [sink, first, minutes],
  );

it('counts what each sink accepted and refused in each of the last 60 minutes', async () => {
  await plantCursors('mail', 0, [200, 30, 30, 2, 0]);
  await plantAttempts('mail', [200, 30, 2, 2]);
  await plantAttempts('old', [1]);
  const { throughput, since } = await overview().get();
  expect(throughput.map(({ sink }) => sink)).toEqual(['mail', 'search']);
  const [mail, search] = throughput as [(typeof throughput)[0], (typeof throughput)[0]];
  expect([mail.accepted.length, mail.failed_attempts.length, since!.getTime() % 60_000]).toEqual([60, 60, 0]);
  const sum = (counts: readonly (number | null)[]) => counts.reduce<number>((total, count) => total + count!, 0);
  expect([sum(mail.accepted), sum(mail.failed_attempts), sum(search.accepted), sum(search.failed_attempts)]).toEqual([
    28, 3, 0, 0,
  ]);
  expect([mail.accepted[29], mail.accepted[57], mail.failed_attempts[29], mail.failed_attempts[57]]).toEqual([14, 7, 1, 2]);
});

it('reports null for the minutes before the attempts that it counts', async () => {
  await plantAttempts('mail', [...Array<number>(20).fill(40), ...Array<number>(MAX_COUNTED_ATTEMPTS).fill(10)]);
  const [mail] = (await overview().get()).throughput;
  expect(mail!.failed_attempts.slice(0, 49)).toEqual(Array<null>(49).fill(null));
  expect(mail!.failed_attempts.slice(51)).toEqual(Array<number>(9).fill(0));
});

it('groups failures by sink, status, type and fingerprint, the largest first, with their times and the newest event', async () => {
  await plantDeliveries('mail', 'failed', FULL, 3);
  await plantDeliveries('mail', 'retrying', FULL, 1);
  await plantDeliveries('mail', 'failed', FULL, 2, 'thing.painted');
  await plantDeliveries('search', 'failed', GONE, 4);
  await plantDeliveries('search', 'published', GONE, 9);
  await plantDeliveries('old', 'failed', GONE, 9);
  const { failures, has_more_failures: hasMore } = await overview().get();
  expect(
    failures.map(({ sink, status, event_type, fingerprint, count }) => [sink, status, event_type, fingerprint, count]),
  ).toEqual([
    ['search', 'failed', 'thing.changed', GONE, 4],
    ['mail', 'failed', 'thing.changed', FULL, 3],
    ['mail', 'failed', 'thing.painted', FULL, 2],
    ['mail', 'retrying', 'thing.changed', FULL, 1],
  ]);
  expect(failures[1]).toMatchObject({
    first_at: new Date('2026-01-01T08:01:00Z'),
    last_at: new Date('2026-01-01T08:03:00Z'),
    is_capped: false,
    example: { error: 'refused 3 for [masked], password=[redacted]' },
  });
  expect(hasMore).toBe(false);
});

it('groups at most 10,000 deliveries of a sink and status, and returns at most 50 groups', async () => {
  await plantDeliveries('mail', 'failed', FULL, MAX_GROUPED + 5);
  await plantDeliveries('search', 'failed', GONE, 1);
  expect((await overview().get()).failures).toMatchObject([
    { sink: 'mail', count: MAX_GROUPED + 1, is_capped: true },
    { sink: 'search', count: 1, is_capped: false },
  ]);
  await fixture.owner.query('truncate outbox.outbox_delivery');
  for (let group = 0; group <= MAX_GROUPS; group++) await plantDeliveries('mail', 'failed', `${group}`.padStart(16, '0'), 1);
  const { failures, has_more_failures: hasMore } = await overview().get();
  expect([failures.length, hasMore]).toEqual([MAX_GROUPS, true]);
});

it('overlapping calls leave connections for other requests, and a later call reads again', async () => {
  await fixture.owner.query('begin');
  await fixture.owner.query('lock table outbox.outbox_attempt in access exclusive mode');
  const calls = Array.from({ length: 20 }, () => overview().get());
  expect(await fixture.app.get(DataSource).query('select 1 as one')).toEqual([{ one: 1 }]);
  await fixture.owner.query('commit');
  for (const { failures } of await Promise.all(calls)) expect(failures).toEqual([]);
  await plantDeliveries('mail', 'failed', FULL, 1);
  expect((await overview().get()).failures).toHaveLength(1);
});

it('reads the throughput from its indexes', async () => {
  await plantCursors(
    'mail',
    0,
    Array.from({ length: 50_000 }, (_, index) => 50_000 - index),
  );
  await plantAttempts(
    'mail',
    Array.from({ length: 50_000 }, (_, index) => 50_000 - index),
  );
  await fixture.owner.query('analyze outbox.outbox_progress, outbox.outbox_attempt');
  const planOf = async () =>
    (
      await fixture.owner.query<{ 'QUERY PLAN': string }>(
        `explain ${THROUGHPUT.replace('$1', '50000').replaceAll('$1', '50000')}`,
      )
    ).rows
      .map((row) => row['QUERY PLAN'])
      .filter((line) => / on outbox_(progress|attempt)/.test(line));
  const byIndex = [expect.stringContaining('outbox_progress_stored_at'), expect.stringContaining('outbox_attempt_time')];
  expect(await planOf()).toEqual(byIndex);
  await fixture.owner.query('begin');
  await fixture.owner.query('drop index outbox.outbox_progress_stored_at'); // planted
  expect(await planOf()).not.toEqual(byIndex);
  await fixture.owner.query('rollback');
});
