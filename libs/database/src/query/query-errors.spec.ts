import { context } from '@pikaia/core';
import { Column, DataSource, Entity, PrimaryColumn } from 'typeorm';
import { getLogger } from '@pikaia/logging';
import { captureLogs } from '@pikaia/logging/testing';
import { createDatabase, executeSql, type TestDatabase } from '../../../../test/support/database/database.js';
import { waitFor } from '../../../../test/support/time/wait-for.js';
import { TypeOrmLog } from './typeorm.log.js';

const CANARY = 'canary-5d1f';

@Entity('guest')
class Guest {
  @PrimaryColumn('int')
  id!: number;

  @Column('text')
  email!: string;
}

describe('database errors', () => {
  let database: TestDatabase;
  let source: DataSource;

  beforeAll(async () => {
    database = await createDatabase({ empty: true });
    source = new DataSource({
      type: 'postgres',
      url: database.ownerUrl,
      entities: [Guest],
      logging: false,
      logger: new TypeOrmLog(),
    });
    await source.initialize();
    await source.query(
      `create table guest (id int primary key, email text unique not null check (email <> '${CANARY} is refused'))`,
    );
    await source.query('create table friend (guest int references guest, since date not null)');
    await source.manager.save(Guest, { id: 1, email: CANARY });
  });
  afterAll(async () => {
    await source.destroy();
    await database.drop();
  });

  const FAILURES: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['a unique violation', () => source.manager.insert(Guest, { id: 2, email: CANARY })],
    ['a check violation', () => source.manager.insert(Guest, { id: 3, email: `${CANARY} is refused` })],
    ['a not-null violation', () => source.query('insert into friend values (1, $1)', [null])],
    ['an invalid number with quotes', () => source.query('select $1::int', [`"a" ${CANARY} "b`])],
    ['a foreign key violation', () => source.query("insert into friend values (4711471, '2026-01-01')")],
    ['an invalid number', () => source.query('select $1::int', [CANARY])],
    ['an invalid date', () => source.query(`insert into friend values (1, '${CANARY}')`)],
    ['invalid JSON', () => source.query(`select '{"a": ${CANARY}}'::json`)],
    ['a syntax error at a literal', () => source.query(`select 1 1 '${CANARY}'`)],
    ['a literal in an invalid place', () => source.query(`select from '${CANARY}'`)],
    ['an unterminated string', () => source.query(`select '${CANARY}`)],
    ['a number out of range', () => source.query('select 47114711471147114711::int')],
    ['an entity that is not found', () => source.manager.findOneOrFail(Guest, { where: { email: `${CANARY}?` } })],
  ];

  it.each(FAILURES)('a database error is logged without any value when the cause is %s', async (_, work) => {
    using logs = captureLogs();
    const error: unknown = await work().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Error);
    expect(logs.lines).toEqual([]); // TypeORM logs nothing: the code that handles the error logs it once
    getLogger('spec').exception('unhandled_error', error, { error, list: [error] });
    getLogger('spec').exception('unhandled_error', new Error('outer', { cause: error }));
    expect(logs.lines.join('\n')).not.toMatch(new RegExp(`${CANARY}|4711`));
    expect(logs.records[0]).toMatchObject({
      'error.message': expect.stringMatching(/./),
      'error.stack': expect.stringMatching(/at /),
    });
  });

  it('a database error contains values in properties that are not logged (planted)', async () => {
    const error = await source.manager.insert(Guest, { id: 2, email: CANARY }).catch((thrown: unknown) => thrown);
    expect(JSON.stringify(error)).toContain(CANARY);
  });
});

describe('TypeOrmLog', () => {
  it('writes messages of TypeORM as log records, and warnings at level WARNING', () => {
    using logs = captureLogs();
    const log = new TypeOrmLog();
    log.log('warn', 'Postgres pool raised an error.');
    log.log('info', 'a notice');
    log.logMigration('a migration ran');
    expect(logs.records.map(({ level, event, logger }) => [level, logger, event])).toEqual([
      ['WARNING', 'typeorm', 'typeorm_message'],
      ['INFO', 'typeorm', 'typeorm_message'],
      ['INFO', 'typeorm', 'typeorm_message'],
    ]);
  });

  it('writes the error of an idle connection without the context of the request that opened the connection', async () => {
    const database = await createDatabase({ empty: true });
    const source = new DataSource({ type: 'postgres', url: database.ownerUrl, logger: new TypeOrmLog() });
    await source.initialize();
    try {
      const opened = await context.run({ organizationId: 'org_abc' }, () =>
        Promise.all([1, 2, 3].map(() => source.query<{ pid: number }[]>('select pg_backend_pid() as pid, pg_sleep(0.1)'))),
      );
      using logs = captureLogs();
      const pids = opened.map(([row]) => row!.pid);
      await executeSql(database.ownerUrl, `select pg_terminate_backend(pid) from unnest('{${pids.join()}}'::int[]) pid`);
      await waitFor('the errors of the connections', () => logs.records.length === pids.length);
      for (const record of logs.records)
        expect([record['event'], record['trace_id'], record['organization.id']]).toEqual([
          'typeorm_message',
          undefined,
          undefined,
        ]);
    } finally {
      await source.destroy();
      await database.drop();
    }
  });
});
