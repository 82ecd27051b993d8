import { Injectable, Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { context, loadSettings, type Clock } from '@pikaia/core';
import { DatabaseModule, Transactional } from '@pikaia/database';
import { IsInt } from 'class-validator';
import { ClsModule } from 'nestjs-cls';
import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { connect, createDatabase, type TestDatabase } from '../../../../test/support/database/database.js';
import { useFixture } from '../../../../test/support/jest/use-fixture.js';
import { Consumer, Handles } from '../consume/consumer.decorator.js';
import { DomainEvent } from '../contract/domain-event.js';
import type { EventOf } from '../contract/envelope.js';
import type { Outcome, Sink, SinkEvent } from '../delivery/sink.js';
import { LOCK_CLASS } from '../log/sink-lock.js';
import { EventsModule } from '../record/events.module.js';
import { Events } from '../record/events.service.js';
import { OutboxSettings } from './outbox.settings.js';
import { RelayModule, RelayService } from './relay.module.js';
import type { PassOptions, PassResult, SinkPass } from './relay.pass.js';

@DomainEvent('coin.minted', { version: 1, aggregate: 'coin' })
class CoinMinted {
  @IsInt()
  number!: number;
}

@Consumer('vault', { from: 'beginning', concurrency: 2 })
class Vault {
  static readonly stored: number[] = [];
  static before: (number: number) => unknown = () => undefined;

  @Handles(CoinMinted, { effect: 'external', maxAttempts: 2 })
  async store({ data: { number } }: EventOf<CoinMinted>): Promise<void> {
    await Vault.before(number);
    Vault.stored.push(number);
  }
}

/** A sink that does not respond while `isDown`. */
class Exchange implements Sink {
  readonly name = 'exchange';
  readonly from = 'beginning';
  readonly ordering = 'none';
  readonly types = null;
  readonly limits = { maxBatchEvents: 3, maxBatchBytes: 1_000_000, maxConcurrency: 2 };
  isDown = false;
  received = 0;

  async deliver(batch: readonly SinkEvent[]): Promise<readonly Outcome[]> {
    if (this.isDown) throw new Error('the exchange is closed');
    this.received += batch.length;
    return batch.map(() => ({ kind: 'accepted' }));
  }
}

@Injectable()
class Mint {
  constructor(private readonly events: Events) {}

  @Transactional()
  async mint(numbers: readonly number[]): Promise<void> {
    for (const number of numbers) await this.events.publish(CoinMinted, { id: `coin ${number}` }, { number });
  }
}

class MintFixture {
  readonly exchange = new Exchange();
  /** Milliseconds by which the clock of the process is ahead. */
  aheadMs = 0;
  private minted = 0;
  database!: TestDatabase;
  owner!: pg.Client;
  app!: INestApplicationContext;

  async open(): Promise<void> {
    this.database = await createDatabase();
    this.owner = await connect(this.database.ownerUrl);
    this.app = await this.start(false);
  }

  async start(autoStart: boolean): Promise<INestApplicationContext> {
    const { workerUrl: databaseUrl } = this.database;
    const settings = { databaseUrl, databasePoolSize: 10, databaseStatementTimeoutMs: 15_000 };
    const [outbox] = loadSettings([OutboxSettings], { EVENT_SINKS: 'local,exchange' });
    const clock: Clock = { now: () => new Date(), monotonic: () => performance.now() + this.aheadMs };
    const sinks = { exchange: () => [this.exchange] };
    @Module({
      imports: [
        ClsModule.forRoot({ global: true }),
        DatabaseModule.forRoot({ settings, applicationName: 'spec' }),
        EventsModule.forRoot({ databaseUrl, applicationName: 'spec' }),
        RelayModule.forRoot({ settings: outbox, databaseUrl, sinks, clock, autoStart }),
      ],
      providers: [Vault, Mint],
    })
    class SpecModule {}
    return NestFactory.createApplicationContext(SpecModule, { logger: false, abortOnError: false });
  }

  async reset(): Promise<void> {
    this.exchange.isDown = false;
    Vault.before = () => undefined;
    await this.runOnce({ retryNow: true }); // what the last test left
    Vault.stored.length = 0;
    this.exchange.received = 0;
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.owner.end();
    await this.database.drop();
  }

  /** Publishes events with new numbers, each about its own coin. @returns the numbers. */
  async mint(count: number): Promise<number[]> {
    const numbers = Array.from({ length: count }, () => ++this.minted);
    await context.run({}, () => this.app.get(Mint).mint(numbers));
    return numbers;
  }

  runOnce(options?: PassOptions): Promise<PassResult> {
    return this.app.get(RelayService).runOnce(options);
  }

  /** The connections of the relays, and the locks that they hold. */
  async held(): Promise<number> {
    const { rows } = await this.owner.query<{ held: number }>(
      `select count(*)::int as held from pg_stat_activity
       where datname = current_database() and application_name ~ '^pikaia-(relay|wake-up|sink-watch|register)'`,
    );
    return rows[0]!.held;
  }
}

const at = useFixture(new MintFixture());
const passOf = (sink: string, pass: Partial<SinkPass>): SinkPass => ({
  sink,
  outcome: 'done',
  accepted: 0,
  retrying: 0,
  failed: 0,
  error: null,
  ...pass,
});

describe('RelayService.runOnce', () => {
  it('delivers what is due to every sink, says how much, and releases its connections', async () => {
    await at.mint(5);
    expect(await at.runOnce()).toEqual({
      sinks: [passOf('local/vault', { accepted: 5 }), passOf('exchange', { accepted: 5 })],
      succeeded: true,
    });
    expect([Vault.stored.length, at.exchange.received]).toEqual([5, 5]);
    expect(await at.held()).toBe(0);
    expect((await at.runOnce()).sinks).toEqual([passOf('local/vault', {}), passOf('exchange', {})]);
  });

  it('hands over at most maxEvents, and the next pass continues behind them', async () => {
    const numbers = await at.mint(5);
    const first = await at.runOnce({ maxEvents: 4 });
    expect(first.succeeded).toBe(true);
    expect(first.sinks.map(({ outcome }) => outcome)).toContain('limit_reached');
    expect(Vault.stored.length + at.exchange.received).toBe(4);
    await at.runOnce();
    expect([Vault.stored.toSorted((one, other) => one - other), at.exchange.received]).toEqual([numbers, 5]);
  });

  it('hands over nothing after its time limit, and waits for the calls in flight', async () => {
    await at.mint(6);
    Vault.before = async () => {
      at.aheadMs += 1_000; // behind the time limit
      await pause(20);
    };
    const { sinks } = await at.runOnce({ timeLimitMs: 1_000 });
    expect(sinks[0]).toMatchObject({ outcome: 'limit_reached', accepted: Vault.stored.length });
    expect([1, 2]).toContain(Vault.stored.length); // its concurrency is 2
  });

  it('retries only what is due, and counts a dead letter as a failure', async () => {
    await at.mint(1);
    Vault.before = () => {
      throw new Error('the door is stuck');
    };
    const first = await at.runOnce();
    expect(first.sinks[0]!.retrying + first.sinks[0]!.failed).toBeGreaterThan(0);
    const last = first.sinks[0]!.failed ? first : await at.runOnce({ retryNow: true });
    expect(last.sinks[0]).toMatchObject({ failed: 1, error: expect.stringContaining('the door is stuck') });
    expect(last.succeeded).toBe(false);
  });

  it('reports a sink that cannot be reached, and serves the others', async () => {
    await at.mint(2);
    at.exchange.isDown = true;
    const { sinks, succeeded } = await at.runOnce();
    expect(sinks[1]).toEqual(
      passOf('exchange', { outcome: 'unreachable', error: expect.stringContaining('exchange is closed') }),
    );
    expect([sinks[0]!.accepted, succeeded]).toEqual([2, false]);
  });

  it('leaves a paused sink alone, and a sink that another process leads', async () => {
    await at.mint(2);
    await at.owner.query(`update outbox.outbox_sink set state = 'paused' where name = 'exchange'`);
    await at.owner.query('select pg_advisory_lock($1, hashtext($2))', [LOCK_CLASS, 'local/vault']);
    const { sinks, succeeded } = await at.runOnce();
    await at.owner.query('select pg_advisory_unlock_all()');
    await at.owner.query(`update outbox.outbox_sink set state = 'active' where name = 'exchange'`);
    expect(sinks).toEqual([passOf('local/vault', { outcome: 'led_elsewhere' }), passOf('exchange', { outcome: 'paused' })]);
    expect(succeeded).toBe(true);
  });

  it.each<PassOptions>([
    { maxEvents: 0 },
    { maxEvents: Number.NaN },
    { maxEvents: null as never },
    { timeLimitMs: -1 },
    { timeLimitMs: '60' as never },
  ])('refuses the limits %j', async (options) => {
    await expect(at.runOnce(options)).rejects.toMatchObject({ code: 'PIKAIA_ARGUMENTS_INVALID' });
  });

  it('runs calls of one process one after another', async () => {
    await at.mint(4);
    const passes = await Promise.all([at.runOnce(), at.runOnce()]);
    expect(passes.map(({ sinks }) => sinks.map(({ accepted }) => accepted))).toEqual([
      [4, 4],
      [0, 0],
    ]);
  });

  it('refuses in a process whose relays run by themselves', async () => {
    const app = await at.start(true);
    await expect(app.get(RelayService).runOnce()).rejects.toMatchObject({ code: 'PIKAIA_OUTBOX_RUNNING' });
    await app.close();
  });

  it('ends early when the application closes, without losing an event', async () => {
    const app = await at.start(false);
    await at.mint(20);
    let started!: () => void;
    const running = new Promise<void>((resolve) => (started = resolve));
    Vault.before = () => (started(), pause(20));
    const pass = app.get(RelayService).runOnce();
    await running;
    await app.close();
    const { sinks } = await pass;
    expect(sinks[0]!.outcome).toBe('limit_reached');
    expect(sinks[0]!.accepted).toBe(Vault.stored.length);
    expect(Vault.stored.length).toBeLessThan(20);
  });
});
