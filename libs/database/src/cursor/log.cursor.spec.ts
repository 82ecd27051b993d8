import fc from 'fast-check';
import pg from 'pg';
import { createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { comparePositions, LogReading, parseSnapshot, selectLateRows, type LogCursor, type LogReadParts } from './log.cursor.js';

const READ = `
  with late as (${selectLateRows('entry')})
  select position::text, pg_current_snapshot()::text as snapshot from (
    select position from late union all select position from entry where position > $1 union all select null) found`;

type Step = 'begin' | 'insert' | 'commit' | 'rollback' | 'read';

describe('LogCursor', () => {
  let database: TestDatabase;
  let reader: pg.Client;
  let writers: pg.Client[];

  beforeAll(async () => {
    database = await createDatabase({ empty: true });
    const clients = [0, 1, 2, 3].map(() => new pg.Client({ connectionString: database.ownerUrl }));
    await Promise.all(clients.map((client) => client.connect()));
    [reader, ...writers] = clients as [pg.Client, ...pg.Client[]];
    await reader.query(`
      create table entry (position bigint generated always as identity, txid xid8 not null default pg_current_xact_id());
      create index on entry (txid);
      create index on entry (position)`);
  });
  afterAll(async () => {
    await Promise.all([reader, ...writers].map((client) => client.end()));
    await database.drop();
  });

  /** Reads the rows that the cursor does not cover. */
  async function read(cursor: LogCursor, sees = parseSnapshot(cursor.snapshot)): Promise<LogReading<{ position: string }>> {
    const { rows } = await reader.query<{ position: string | null; snapshot: string }>(READ, [
      cursor.position,
      sees.running,
      sees.xmax,
    ]);
    const found = rows.flatMap(({ position }) => (position === null ? [] : [{ position }]));
    found.sort((one, other) => comparePositions(one.position, other.position));
    const isFresh = ({ position }: { position: string }): boolean => comparePositions(position, cursor.position) > 0;
    const parts: LogReadParts<{ position: string }> = {
      snapshot: rows[0]!.snapshot,
      late: found.filter((row) => !isFresh(row)),
      isLateComplete: true,
      fresh: found.filter(isFresh),
    };
    return new LogReading(cursor, parts);
  }

  /** Runs the steps in three interleaved transactions. @returns the committed positions and those that the reader received. */
  async function play(steps: readonly (readonly [number, Step])[], ignoreRunning = false) {
    await reader.query('truncate entry');
    const start = await reader.query<{ snapshot: string }>('select pg_current_snapshot()::text as snapshot');
    let cursor: LogCursor = { position: '0', snapshot: start.rows[0]!.snapshot, latePosition: '0', lateSnapshot: null };
    const received: string[] = [];
    const open: (string[] | undefined)[] = writers.map(() => undefined);
    const committed: string[] = [];
    const readAll = async (): Promise<void> => {
      const sees = parseSnapshot(cursor.snapshot);
      const reading = await read(cursor, ignoreRunning ? { ...sees, running: [] } : sees);
      received.push(...reading.rows.map(({ position }) => position));
      cursor = reading.after(reading.rows.length);
    };
    const end = async (index: number, how: 'commit' | 'rollback'): Promise<void> => {
      await writers[index]!.query(how);
      if (how === 'commit') committed.push(...open[index]!);
      open[index] = undefined;
    };
    for (const [index, step] of steps) {
      const writer = writers[index]!;
      if (step === 'read') await readAll();
      else if (step === 'begin' && !open[index]) {
        await writer.query('begin');
        open[index] = [];
      } else if (step === 'insert' && open[index]) {
        const { rows } = await writer.query<{ position: string }>('insert into entry default values returning position::text');
        open[index].push(rows[0]!.position);
      } else if ((step === 'commit' || step === 'rollback') && open[index]) await end(index, step);
    }
    for (const [index, positions] of open.entries()) if (positions) await end(index, 'commit');
    await readAll();
    return { received: received.sort(comparePositions), committed: committed.sort(comparePositions) };
  }

  it('returns each committed row exactly once, however the transactions interleave', async () => {
    const step = fc.constantFrom<Step>('begin', 'insert', 'insert', 'commit', 'rollback', 'read');
    const steps = fc.array(fc.tuple(fc.nat({ max: 2 }), step), { minLength: 5, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(steps, async (played) => {
        const { received, committed } = await play(played);
        expect(received).toEqual(committed);
      }),
      { numRuns: 60, seed: 20260601 },
    );
  });

  it('loses a row that commits late if the running transactions are ignored (planted)', async () => {
    const steps: [number, Step][] = [[0, 'begin'], [0, 'insert'], [1, 'begin'], [1, 'insert'], [1, 'commit'], [0, 'read'], [0, 'commit']]; // prettier-ignore
    expect(await play(steps)).toMatchObject({ received: [expect.anything(), expect.anything()] });
    const { received, committed } = await play(steps, true);
    expect([received.length, committed.length]).toEqual([1, 2]);
  });

  it('hands over a large late set in slices and then takes the snapshot of the slices', () => {
    const cursor: LogCursor = { position: '9', snapshot: '5:9:5', latePosition: '0', lateSnapshot: null };
    const first = new LogReading(cursor, { snapshot: '10:10:', late: [{ position: '2' }, { position: '4' }], isLateComplete: false, fresh: [] }); // prettier-ignore
    expect(first.after(0)).toEqual(cursor);
    const between = first.after(2);
    expect(between).toEqual({ ...cursor, latePosition: '4', lateSnapshot: '10:10:' });
    const last = new LogReading(between, { snapshot: '12:12:', late: [{ position: '6' }], isLateComplete: true, fresh: [] });
    expect(last.after(1)).toEqual({ position: '9', snapshot: '10:10:', latePosition: '0', lateSnapshot: null });
  });

  it('orders positions as numbers of any length', () => {
    expect(['10', '9', '9223372036854775807', '100'].sort(comparePositions)).toEqual(['9', '10', '100', '9223372036854775807']);
    expect(comparePositions('7', '7')).toBe(0);
  });
});
