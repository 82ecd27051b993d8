import pg from 'pg';
import { DataSource } from 'typeorm';
import { Injectable, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { context, loadSettings, newId } from '@pikaia/core';
import { DatabaseModule, migrate, Transactional } from '@pikaia/database';
import { IsInt } from 'class-validator';
import { ClsModule } from 'nestjs-cls';
import { connect, createDatabase, executeSql, type TestDatabase } from '../../../../test/support/database/database.js';
import { ScriptedSink } from '../../../../test/support/outbox/scripted-sink.js';
import { findPgBouncer, PgBouncer } from '../../../../test/support/database/pgbouncer.js';
import { TransactionPooler } from '../../../../test/support/database/transaction.pooler.js';
import { pollUntil } from '../../../../test/support/time/wait-for.js';
import { DomainEvent } from '../contract/domain-event.js';
import { EventsModule } from '../record/events.module.js';
import { Events } from '../record/events.service.js';
import { OUTBOX_CHANNEL } from '../log/outbox-channel.js';
import { Housekeeping } from '../housekeeping/housekeeping.js';
import { OutboxSettings, retentionOf } from '../worker/outbox.settings.js';
import { SinkRelay } from './sink.relay.js';
import { registerSinks } from '../log/register-sinks.js';

@DomainEvent('lamp.lit', { version: 1, aggregate: 'lamp' })
class LampLit {
  @IsInt()
  times!: number;
}

@Injectable()
class Lamps {
  constructor(private readonly events: Events) {}

  @Transactional()
  async light(id: string, fail: boolean): Promise<string> {
    const first = await this.events.publish(LampLit, { id }, { times: 1 });
    if (fail) throw new Error('dark');
    return first;
  }
}

describe('a transaction pooler', () => {
  let database: TestDatabase;
  let pooler: TransactionPooler;
  const sink = new ScriptedSink('direct');

  beforeAll(async () => {
    database = await createDatabase();
    pooler = await TransactionPooler.start(database.apiUrl, 3);
    await registerSinks(database.workerUrl, [sink], 'spec');
  });

  afterAll(async () => {
    await pooler.stop();
    await database.drop();
  });

  const relayOf = (url: string, fatal: string[] = []): SinkRelay =>
    new SinkRelay({
      url,
      sink,
      worker: 'spec',
      pollIntervalMs: 20,
      storeIntervalMs: 5,
      leaderTimeoutMs: 5000,
      onFatal: ({ code }) => fatal.push(code),
    });

  it('gives one client different server processes, so that the tests below can fail', async () => {
    const client = await connect(pooler.proxyUrl(database.apiUrl));
    const seen = new Set<number>();
    for (let i = 0; i < 3; i++) seen.add((await client.query<{ own: number }>('select pg_backend_pid() as own')).rows[0]!.own);
    await client.query('begin');
    const inside = new Set<number>();
    for (let i = 0; i < 3; i++) inside.add((await client.query<{ own: number }>('select pg_backend_pid() as own')).rows[0]!.own);
    await client.query('commit');
    await client.end();
    expect([seen.size, inside.size]).toEqual([3, 1]);
  });

  it('an event published through it is announced and delivered once', async () => {
    const databaseUrl = pooler.proxyUrl(database.apiUrl);
    const settings = { databaseUrl, databasePoolSize: 8, databaseStatementTimeoutMs: 10_000 };
    @Module({
      imports: [
        ClsModule.forRoot({ global: true }),
        DatabaseModule.forRoot({ settings, applicationName: 'pooled' }),
        EventsModule.forRoot({ databaseUrl }),
      ],
      providers: [Lamps],
    })
    class App {}
    const listener = await connect(database.workerUrl);
    let heard = 0;
    listener.on('notification', () => heard++);
    await listener.query(`listen ${OUTBOX_CHANNEL}`);
    const app: INestApplicationContext = await NestFactory.createApplicationContext(App, { logger: false, abortOnError: false });
    const lamps = app.get(Lamps);
    const light = (i: number): Promise<string | undefined> =>
      context.run({ correlationId: newId() }, () => lamps.light(`lamp-${i}`, i % 5 === 0).catch(() => undefined));
    const lit = (await Promise.all(Array.from({ length: 40 }, (_, i) => light(i)))).filter((id) => id !== undefined);
    expect(lit).toHaveLength(32);
    const relay = relayOf(database.workerUrl);
    await relay.runOnce();
    expect([...sink.ids].sort()).toEqual([...lit].sort());
    await pollUntil(() => heard > 0);
    await app.close();
    await listener.end();
  });

  it('the worker detects it and stops with the reason', async () => {
    const own = await TransactionPooler.start(database.workerUrl, 1); // one server process, so none ever changes
    const fatal: string[] = [];
    const relay = relayOf(own.proxyUrl(database.workerUrl), fatal);
    relay.start();
    await pollUntil(() => relay.health().state === 'broken');
    expect(fatal).toEqual(['PIKAIA_OUTBOX_POOLED']);
    expect(relay.health().error).toContain('goes through a pooler');
    await relay.stop();
    await own.stop();
  });
});

const PGBOUNCER = findPgBouncer();
interface Pooler {
  proxyUrl(url: string): string;
  stop(): Promise<void>;
}
type StartPooler = (database: TestDatabase, url: string) => Promise<Pooler>;
const startPgBouncer =
  (mode: 'transaction' | 'session'): StartPooler =>
  (database) =>
    PgBouncer.start(PGBOUNCER!, mode, [database.ownerUrl, database.apiUrl, database.workerUrl]);
const POOLERS: [string, StartPooler][] = [
  ['the pooler of the tests', (_, url) => TransactionPooler.start(url, 2)],
  ...(PGBOUNCER ? [['PgBouncer in transaction mode', startPgBouncer('transaction')] as [string, StartPooler]] : []),
  ...(PGBOUNCER ? [['PgBouncer in session mode', startPgBouncer('session')] as [string, StartPooler]] : []),
];

if (!PGBOUNCER) it.skip('PgBouncer: it is not installed (apt install pgbouncer, or set PIKAIA_TEST_PGBOUNCER)', () => undefined);

describe.each(POOLERS)('%s with default settings', (name, startPooler) => {
  let database: TestDatabase;
  let pooler: Pooler;

  const through = async (url: string, work: (url: string) => Promise<void>): Promise<void> => {
    pooler = await startPooler(database, url);
    await work(pooler.proxyUrl(url)).finally(() => pooler.stop());
  };
  const codeOf = (work: Promise<unknown>) =>
    work.then(
      () => undefined,
      (error: { code?: string }) => error.code,
    );

  beforeAll(async () => {
    database = await createDatabase();
    const { pathname } = new URL(database.ownerUrl);
    await executeSql(database.ownerUrl, `alter role pikaia_api in database ${pathname.slice(1)} set statement_timeout = '7s'`);
  });
  afterAll(() => database.drop());

  it('refuses start-up parameters that it does not know, so that the tests below can fail', () =>
    through(database.apiUrl, async (url) => {
      const client = new pg.Client({ connectionString: url, statement_timeout: 1000 });
      client.on('error', () => undefined);
      await expect(client.connect()).rejects.toMatchObject({ code: '08P01', message: expect.stringContaining('unsupported startup parameter') }); // prettier-ignore
    }));

  it('takes the connections of DatabaseModule, whose sessions have the limits of the role and change no other client', () =>
    through(database.apiUrl, async (databaseUrl) => {
      const settings = { databaseUrl, databasePoolSize: 4, databaseStatementTimeoutMs: 1_000 };
      @Module({
        imports: [ClsModule.forRoot({ global: true }), DatabaseModule.forRoot({ settings, applicationName: 'pooled' }), EventsModule.forRoot({ databaseUrl })], // prettier-ignore
        providers: [Lamps],
      })
      class App {}
      const app = await NestFactory.createApplicationContext(App, { logger: false, abortOnError: false });
      const other = await connect(databaseUrl);
      const read = `select current_setting('statement_timeout') as statement, current_setting('idle_in_transaction_session_timeout') as idle`;
      try {
        const lit = context.run({ correlationId: newId() }, () => app.get(Lamps).light('lamp', false));
        expect(await lit).toEqual(expect.any(String));
        const source = app.get(DataSource);
        expect(await Promise.all([1, 2, 3].map(() => source.query(read)))).toEqual(
          Array(3).fill([{ statement: '7s', idle: '30s' }]),
        );
        expect((await other.query(read)).rows).toEqual([{ statement: '7s', idle: '30s' }]);
      } finally {
        await other.end();
        await app.close();
      }
    }));

  it('is refused by the worker, by housekeeping and by migrations, with an error that says what to do', () =>
    through(database.workerUrl, async (url) => {
      const own = [new ScriptedSink('pooled')];
      expect(await codeOf(registerSinks(url, own, 'spec'))).toBe('PIKAIA_OUTBOX_POOLED');
      const retention = retentionOf(loadSettings([OutboxSettings], {})[0]);
      expect(await codeOf(new Housekeeping({ url, retention }).runOnce())).toBe('PIKAIA_OUTBOX_POOLED');
      expect(await codeOf(migrate({ url, migrations: [] }))).toBe('PIKAIA_DATABASE_POOLED');
      const fatal: string[] = [];
      const relay = new SinkRelay({
        url, sink: own[0]!, worker: 'spec', pollIntervalMs: 20, storeIntervalMs: 5, leaderTimeoutMs: 5000, onFatal: ({ code }) => fatal.push(code),
      }); // prettier-ignore
      relay.start();
      await pollUntil(() => relay.health().state === 'broken');
      await relay.stop();
      expect([name, ...fatal]).toEqual([name, 'PIKAIA_OUTBOX_POOLED']);
    }));
});
