import pg from 'pg';
import { useFixture } from '../../../../test/support/jest/use-fixture.js';
import { OutboxFixture } from '../../../../test/support/outbox/outbox.fixture.js';
import { LOCK_CLASS } from '../log/sink-lock.js';
import { MAX_COUNT, SINK_STATUS, SLOT_STATUS } from './status.sql.js';

const FIRST_TXID = 1_000_000;
const EVENTS = 40_000;

interface Plan {
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly Plan[];
}

/** The number of rows of the log that a statement read, whether it used them or not. */
function rowsOfLog(plan: Plan): number {
  const ofThis = (plan['Actual Rows'] + (plan['Rows Removed by Filter'] ?? 0)) * plan['Actual Loops'];
  const isLog = plan['Relation Name']?.startsWith('outbox_log') === true;
  return (isLog ? ofThis : 0) + (plan.Plans ?? []).reduce((sum, inner) => sum + rowsOfLog(inner), 0);
}

describe('the backlog of a sink in a long log', () => {
  const at = useFixture(new OutboxFixture());
  let client: pg.Client;

  beforeEach(async () => {
    client = new pg.Client({ connectionString: at.database.ownerUrl });
    await client.connect();
    await client.query('truncate outbox.outbox_log, outbox.outbox_progress');
    await client.query('set plan_cache_mode = force_generic_plan');
  });
  afterEach(() => client.end());

  /** Inserts events at the positions from 1 on, by default each in a transaction of its own. */
  const plantEvents = (txids = `${FIRST_TXID} + n`) =>
    client.query(
      `insert into outbox.outbox_log (position, txid, slot, event_id, event_type, schema_version, aggregate_type, aggregate_id, occurred_at,
         recorded_at, size, payload)
       select n, (${txids})::text::xid8, 3, gen_random_uuid(), 'thing.changed', 1, 'thing', n::text, now(),
         clock_timestamp() - (${EVENTS} - n) * interval '1 second', 100, '{}' from generate_series(1, ${EVENTS}) n`,
    );
  const plantCursor = (
    position: number,
    snapshot: string,
    late: { position: number; snapshot: string | null } = { position: 0, snapshot: null },
  ) =>
    client.query(
      `insert into outbox.outbox_progress (sink, number, position, snapshot, late_position, late_snapshot, worker)
       values ($1, 0, $2, $3, $4, $5, 'spec')`,
      [at.sink.name, position, snapshot, late.position, late.snapshot],
    );
  /** A snapshot that shows the events at the first positions, except those of running transactions. */
  const snapshotAfter = (position: number, running: readonly number[] = []): string => {
    const xids = running.map((one) => FIRST_TXID + one);
    return `${xids[0] ?? FIRST_TXID + position + 1}:${FIRST_TXID + position + 1}:${xids.join()}`;
  };
  async function status(): Promise<{ backlog: number; lag_ms: number | null }> {
    const { rows } = await client.query<{ name: string; backlog: number; lag_ms: number | null }>(SINK_STATUS, [
      LOCK_CLASS,
      MAX_COUNT,
    ]);
    return rows.find(({ name }) => name === at.sink.name)!;
  }
  const countRows = async (statement: string): Promise<number> => {
    const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(`explain (analyze, format json) ${statement}`);
    return rowsOfLog(rows[0]!['QUERY PLAN'][0].Plan);
  };
  const readByStatus = async (): Promise<number> => {
    await client.query('analyze outbox.outbox_log');
    await client.query(`prepare sink_status (bigint, int) as ${SINK_STATUS}`);
    return countRows(`execute sink_status (${LOCK_CLASS}, ${MAX_COUNT})`);
  };

  it('is found without reading the log, if the sink has received everything', async () => {
    await plantEvents();
    await plantCursor(EVENTS, snapshotAfter(EVENTS));
    expect(await readByStatus()).toBeLessThan(10);
    expect(await countRows(SLOT_STATUS)).toBeLessThan(10);
    expect(await status()).toMatchObject({ backlog: 0, lag_ms: null });
    await client.query('begin');
    await client.query('drop index outbox.outbox_log_txid'); // planted
    expect(await countRows(`execute sink_status (${LOCK_CLASS}, ${MAX_COUNT})`)).toBeGreaterThanOrEqual(EVENTS);
    await client.query('rollback');
  });

  it('is counted in at most three times as many rows as a count shows, if the sink stopped long ago', async () => {
    await plantEvents();
    await plantCursor(1_000, snapshotAfter(1_000, [500, 600]));
    expect(await readByStatus()).toBeLessThan(3 * MAX_COUNT);
    const { backlog, lag_ms: lagMs } = await status();
    expect([backlog, Math.round(lagMs! / 1_000_000)]).toEqual([MAX_COUNT, Math.round((EVENTS - 500) / 1_000)]);
  });

  it('contains each event that became visible late once, also those of a transaction that wrote above the cursor too', async () => {
    await plantEvents(`${FIRST_TXID} + case when n in (10, ${EVENTS - 1}) then 10 when n = 20 then ${EVENTS} else n end`);
    await plantCursor(EVENTS - 3, snapshotAfter(EVENTS - 3, [10, 30]));
    // Late: 10 and 30, which were running, and 20, which began afterwards. Above the cursor: the last three.
    expect(await status()).toMatchObject({ backlog: 6 });
  });

  it('contains all events of a transaction that was running, up to the maximum', async () => {
    await plantEvents(`${FIRST_TXID} + case when n between 10 and 30000 then 10 else n end`);
    await plantCursor(EVENTS, snapshotAfter(EVENTS, [10]));
    expect(await status()).toMatchObject({ backlog: MAX_COUNT });
  });

  it('does not contain late events that a slice has read', async () => {
    await plantEvents(`${FIRST_TXID} + case when n between 10 and 500 then ${EVENTS} + 1 else n end`);
    await plantCursor(EVENTS, snapshotAfter(EVENTS), { position: 300, snapshot: snapshotAfter(EVENTS + 1) });
    expect(await status()).toMatchObject({ backlog: 200 });
    const { rows } = await client.query<{ slot: number; not_handed_over_to: string[] }>(SLOT_STATUS);
    expect(rows.find(({ slot }) => slot === 3)!.not_handed_over_to).toContain(at.sink.name);
  });

  it('lets no slot be emptied that has an event which became visible late, and every other one', async () => {
    await plantEvents();
    await plantCursor(EVENTS, snapshotAfter(EVENTS, [7]));
    const waitsFor = async () => {
      const { rows } = await client.query<{ slot: number; not_handed_over_to: string[] }>(SLOT_STATUS);
      return rows[3]!.not_handed_over_to.includes(at.sink.name);
    };
    expect(await waitsFor()).toBe(true);
    await client.query(`delete from outbox.outbox_log where position = 7`);
    expect(await waitsFor()).toBe(false);
  });
});
