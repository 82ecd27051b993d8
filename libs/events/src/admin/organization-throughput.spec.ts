import { useFixture } from '../../../../test/support/jest/use-fixture.js';
import { EventLogFixture } from '../../../../test/support/outbox/event-log.fixture.js';
import { MAX_COUNTED_EVENTS, MAX_SEARCHED_ATTEMPTS, ORGANIZATION_THROUGHPUT } from './overview.sql.js';
import { OutboxOverview } from './outbox.overview.js';

const fixture = useFixture(new EventLogFixture([]));
const overview = () => fixture.app.get(OutboxOverview);

beforeEach(async () => {
  await fixture.owner.query(
    'truncate outbox.outbox_log, outbox.outbox_delivery, outbox.outbox_attempt, outbox.outbox_progress, outbox.outbox_sink',
  );
  await fixture.owner.query(
    `insert into outbox.outbox_sink (name, state, observer) values ('mail', 'active', false), ('log', 'active', true), ('old', 'retired', false)`,
  );
});

/** Inserts an event for each number of minutes before now, in this order. */
const plantEvents = (organization: string | null, minutes: readonly number[]) =>
  fixture.owner.query(
    `insert into outbox.outbox_log (event_id, event_type, schema_version, aggregate_type, aggregate_id, organization_id, occurred_at,
       recorded_at, size, payload)
     select gen_random_uuid(), 'thing.changed', 1, 'thing', n::text, $1, now(), clock_timestamp() - m * interval '1 minute', 100, '{}'
     from unnest($2::float8[]) with ordinality as t(m, n) order by t.n`,
    [organization, minutes],
  );
/** Inserts a delivery of an organization with a failed attempt for each number of minutes before now. */
const plantAttempts = (sink: string, organization: string | null, minutes: readonly number[]) =>
  fixture.owner.query(
    `with delivery as (
       insert into outbox.outbox_delivery (sink, event_id, position, status, event_type, schema_version, aggregate_type, aggregate_id,
         organization_id, occurred_at, payload)
       values ($1, gen_random_uuid(), 1, 'retrying', 'thing.changed', 1, 'thing', '1', $2, now(), '{}') returning event_id)
     insert into outbox.outbox_attempt (sink, event_id, attempted_at, error)
     select $1, event_id, clock_timestamp() - m * interval '1 minute', 'refused' from delivery, unnest($3::float8[]) m`,
    [sink, organization, minutes],
  );
/** Inserts a cursor that covers the first events. */
const plantCursor = (minutes: number, events: number) =>
  fixture.owner.query(
    `insert into outbox.outbox_progress (sink, number, position, snapshot, stored_at, worker)
     select 'mail', 1, position, pg_current_snapshot(), clock_timestamp() - $1 * interval '1 minute', 'spec' from outbox.outbox_log
     order by position offset $2 limit 1`,
    [minutes, events - 1],
  );

const sumOf = (counts: readonly (number | null)[]) => counts.reduce<number>((total, count) => total + count!, 0);

it('counts the events of one organization and the failed attempts to deliver them in each of the last 60 minutes', async () => {
  await plantEvents('acme', [200, 61]);
  await plantEvents('acme', [30, 30, 2, 0]);
  await plantEvents('globex', [30]);
  await plantEvents(null, [30]);
  await plantAttempts('mail', 'acme', [200, 5, 5, 1]);
  await plantAttempts('mail', 'globex', [5]);
  await plantAttempts('mail', null, [5]);
  await plantAttempts('log', 'acme', [5]);
  await plantAttempts('old', 'acme', [5]);
  for (const withCursor of [false, true]) {
    if (withCursor) await plantCursor(61, 2);
    const { published, failed_attempts: failed, since } = await overview().ofOrganization('acme');
    expect([published.length, failed.length, since.getTime() % 60_000]).toEqual([60, 60, 0]);
    expect([published[29], published[57], sumOf(published)]).toEqual([2, 1, 4]);
    expect([failed[54], failed[58], sumOf(failed)]).toEqual([2, 1, 3]);
  }
});

it('counts nothing for an organization without events, or without any sink', async () => {
  await plantEvents('acme', [1]);
  expect(sumOf((await overview().ofOrganization('')).published)).toBe(0);
  await fixture.owner.query('truncate outbox.outbox_sink');
  expect(sumOf((await overview().ofOrganization('acme')).published)).toBe(1);
});

it('reports null for the minutes before the events and attempts that it counts', async () => {
  await plantEvents('acme', [...Array<number>(20).fill(40), ...Array<number>(MAX_COUNTED_EVENTS).fill(10)]);
  await plantAttempts('mail', 'globex', Array<number>(MAX_SEARCHED_ATTEMPTS).fill(20));
  const { published, failed_attempts: failed } = await overview().ofOrganization('acme');
  expect(published.slice(0, 49)).toEqual(Array<null>(49).fill(null));
  expect(published.slice(51)).toEqual(Array<number>(9).fill(0));
  expect(failed.slice(0, 39)).toEqual(Array<null>(39).fill(null));
  expect(failed.slice(41)).toEqual(Array<number>(19).fill(0));
});

it('overlapping calls for one organization share a result, and another organization never gets it', async () => {
  await plantEvents('acme', [1]);
  const [first, second, other] = [
    overview().ofOrganization('acme'),
    overview().ofOrganization('acme'),
    overview().ofOrganization('globex'),
  ];
  expect(second).toBe(first);
  expect([sumOf((await first).published), sumOf((await other).published)]).toEqual([1, 0]);
  await plantEvents('acme', [1]);
  expect(sumOf((await overview().ofOrganization('acme')).published)).toBe(2);
});

it('reads only the events of the organization after the cursor that is older than the hour', async () => {
  await plantEvents('acme', Array<number>(20_000).fill(90));
  await plantCursor(70, 20_000);
  await plantEvents('globex', Array<number>(5_000).fill(6));
  await plantEvents('acme', Array<number>(10).fill(5));
  await fixture.owner.query('analyze outbox.outbox_log');
  const examined = async () => {
    const sql = ORGANIZATION_THROUGHPUT.replaceAll('$1', `'acme'`).replaceAll('$2', '50000').replaceAll('$3', '5000');
    const { rows } = await fixture.owner.query<{ 'QUERY PLAN': string }>(`explain (analyze, costs off, timing off) ${sql}`);
    const plan = rows.map((row) => row['QUERY PLAN']);
    const scans = plan.filter((line) => / on outbox_log_\d+ e/.test(line));
    expect(plan.join('\n')).not.toMatch(/_\d+_position_idx/); // the index of the events of all organizations
    return scans.reduce((sum, line) => sum + Number(/rows=(\d+)/.exec(line)?.[1] ?? 0), 0);
  };
  expect(await examined()).toBe(10);
  await fixture.owner.query('delete from outbox.outbox_progress'); // planted
  expect(await examined()).toBe(20_010);
});
