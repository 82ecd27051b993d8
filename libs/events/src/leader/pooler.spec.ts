import { Injectable, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { context, newId } from '@pikaia/core';
import { DatabaseModule, Transactional } from '@pikaia/database';
import { IsInt } from 'class-validator';
import { ClsModule } from 'nestjs-cls';
import { connect, createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { ScriptedSink } from '../../../../test/support/outbox/scripted-sink.js';
import { TransactionPooler } from '../../../../test/support/database/transaction.pooler.js';
import { pollUntil } from '../../../../test/support/time/wait-for.js';
import { DomainEvent } from '../contract/domain-event.js';
import { EventsModule } from '../record/events.module.js';
import { Events } from '../record/events.service.js';
import { OUTBOX_CHANNEL } from '../log/outbox-channel.js';
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
    expect(relay.health().error).toContain('it goes through a pooler');
    await relay.stop();
    await own.stop();
  });
});
