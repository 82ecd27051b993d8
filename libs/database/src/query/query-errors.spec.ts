import { Column, DataSource, Entity, PrimaryColumn } from 'typeorm';
import { getLogger } from '@pikaia/logging';
import { captureLogs } from '@pikaia/logging/testing';
import { createDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { TypeOrmLog } from './typeorm.log.js';

const CANARY = 'canary-5d1f';

@Entity('guest')
class Guest {
  @PrimaryColumn('int')
  id!: number;

  @Column('text')
  email!: string;
}

describe('an error of the database', () => {
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
    ['a value that is taken', () => source.manager.insert(Guest, { id: 2, email: CANARY })],
    ['a value that a check refuses', () => source.manager.insert(Guest, { id: 3, email: `${CANARY} is refused` })],
    ['a row with a null', () => source.query('insert into friend values (1, $1)', [null])],
    ['a text with quotes that is no number', () => source.query('select $1::int', [`"a" ${CANARY} "b`])],
    ['a reference to nothing', () => source.query("insert into friend values (4711471, '2026-01-01')")],
    ['a text that is no number', () => source.query('select $1::int', [CANARY])],
    ['a text that is no date', () => source.query(`insert into friend values (1, '${CANARY}')`)],
    ['a text that is no JSON', () => source.query(`select '{"a": ${CANARY}}'::json`)],
    ['a syntax error at a literal', () => source.query(`select 1 1 '${CANARY}'`)],
    ['a literal where none may stand', () => source.query(`select from '${CANARY}'`)],
    ['a string that does not end', () => source.query(`select '${CANARY}`)],
    ['a number out of range', () => source.query('select 47114711471147114711::int')],
    ['an entity that is not found', () => source.manager.findOneOrFail(Guest, { where: { email: `${CANARY}?` } })],
  ];

  it.each(FAILURES)('is printed without any value: %s', async (_, work) => {
    using logs = captureLogs();
    const error: unknown = await work().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Error);
    expect(logs.lines).toEqual([]); // TypeORM says nothing: who decides about the error logs it, once
    getLogger('spec').exception('unhandled_error', error, { error, list: [error] });
    getLogger('spec').exception('unhandled_error', new Error('outer', { cause: error }));
    expect(logs.lines.join('\n')).not.toMatch(new RegExp(`${CANARY}|4711`));
    expect(logs.records[0]).toMatchObject({
      'error.message': expect.stringMatching(/./),
      'error.stack': expect.stringMatching(/at /),
    });
  });

  it('does hold the values, in what is not printed (planted)', async () => {
    const error = await source.manager.insert(Guest, { id: 2, email: CANARY }).catch((thrown: unknown) => thrown);
    expect(JSON.stringify(error)).toContain(CANARY);
  });
});

describe('what TypeORM says', () => {
  it('becomes records, its warnings at WARNING', () => {
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
});
