// A service with the project's own modules, sixteen of whose requests are always under way: its business transaction
// without an event, with one of ours, and with a job of pg-boss in the same transaction. Says what came of each word of the
// benchmark, and ends with it.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { context, newId } from '@pikaia/core';
import { currentManager, DatabaseModule, Transactional } from '@pikaia/database';
import { DomainEvent, Events, EventsModule } from '@pikaia/events';
import { IsString } from 'class-validator';
import { ClsModule } from 'nestjs-cls';
import { PgBoss } from 'pg-boss';

const { api, boss: bossUrl, connections, accounts, queue, textBytes } = JSON.parse(process.argv[2]);

// Decorators by hand, so that the benchmark runs as it stands, without a build.
class OrderPlaced {}
IsString()(OrderPlaced.prototype, 'text');
DomainEvent('order.placed', { version: 1, aggregate: 'order', source: 'pikaia.orders' })(OrderPlaced);

const text = 'x'.repeat(textBytes);
class Orders {
  constructor(announce) {
    this.announce = announce;
  }

  /** Three statements: an account is locked, its balance changes, and an order is noted. */
  async place(account) {
    const manager = currentManager();
    await manager.query('select balance from account where id = $1 for update', [account]);
    await manager.query('update account set balance = balance - 1 where id = $1', [account]);
    const [{ id }] = await manager.query('insert into placed_order (account, amount) values ($1, 1) returning id', [account]);
    await this.announce(id, manager);
  }
}
const place = Object.getOwnPropertyDescriptor(Orders.prototype, 'place');
Transactional()(Orders.prototype, 'place', place);
Object.defineProperty(Orders.prototype, 'place', place);

class BenchModule {}
Module({
  imports: [
    ClsModule.forRoot({ global: true }),
    DatabaseModule.forRoot({
      settings: { databaseUrl: api, databasePoolSize: connections, databaseStatementTimeoutMs: 30_000 },
      applicationName: 'bench',
    }),
    EventsModule.forRoot({ databaseUrl: api, applicationName: 'bench' }),
  ],
})(BenchModule);
const app = await NestFactory.createApplicationContext(BenchModule, { logger: ['error'] });
const events = app.get(Events);
const boss = new PgBoss({ connectionString: bossUrl, supervise: false, schedule: false });
await boss.start();
await boss.createQueue(queue, { partition: true });

const variants = {
  bare: new Orders(async () => undefined),
  ours: new Orders((id) => events.publish(OrderPlaced, { id }, { text })),
  'pg-boss': new Orders((id, manager) => {
    const db = { executeSql: async (sql, values) => ({ rows: await manager.query(sql, values) }) };
    return boss.send(queue, { order: id, text }, { db });
  }),
};

process.on('message', ({ variant, seconds }) => {
  run(variants[variant], seconds).then((result) => process.send(result));
});
process.on('disconnect', () => process.exit());
process.send('ready');

async function run(orders, seconds) {
  let transactions = 0;
  const cpu = process.cpuUsage();
  const start = performance.now();
  const end = start + seconds * 1_000;
  const request = { organizationId: 'org_bench', actor: { type: 'user', id: '1' } };
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (performance.now() < end) {
        const account = 1 + Math.floor(Math.random() * accounts);
        await context.run({ ...request, correlationId: newId() }, () => orders.place(account));
        transactions++;
      }
    }),
  );
  const rate = transactions / ((performance.now() - start) / 1_000);
  const { user, system } = process.cpuUsage(cpu);
  return { transactions, rate: Math.round(rate), cpuMicroseconds: (user + system) / transactions };
}
