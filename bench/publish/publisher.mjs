// A service with a constant number of concurrent requests. Its business transaction runs without an event, with a Pikaia event,
// or with a pg-boss job in the same transaction. It reports the result of each command of the benchmark, and ends with it.
import { context, newId } from '@pikaia/core';
import { currentManager } from '@pikaia/database';
import { Events } from '@pikaia/events';
import { PgBoss } from 'pg-boss';
import { makeTransactional, OrderPlaced, startApplication, TEXT } from '../application.mjs';

const JOB_TEXT = TEXT.repeat(3).slice(0, 570); // a job has no envelope, so this makes the total size equal
const { api, boss: bossUrl, connections, accounts, queue } = JSON.parse(process.argv[2]);

class Orders {
  constructor(announce) {
    this.announce = announce;
  }

  /** Three statements: lock an account, change its balance, insert an order. */
  async place(account) {
    const manager = currentManager();
    await manager.query('select balance from account where id = $1 for update', [account]);
    await manager.query('update account set balance = balance - 1 where id = $1', [account]);
    const [{ id }] = await manager.query('insert into placed_order (account, amount) values ($1, 1) returning id', [account]);
    await this.announce(id, manager);
  }
}
makeTransactional(Orders, 'place');

const app = await startApplication({ api, connections });
const events = app.get(Events);
const boss = new PgBoss({ connectionString: bossUrl, supervise: false, schedule: false });
await boss.start();
await boss.createQueue(queue, { partition: true });

const variants = {
  bare: new Orders(async () => undefined),
  ours: new Orders((id) => events.publish(OrderPlaced, { id }, { text: TEXT })),
  'pg-boss': new Orders((id, manager) => {
    const db = { executeSql: async (sql, values) => ({ rows: await manager.query(sql, values) }) };
    return boss.send(queue, { order: id, text: JOB_TEXT }, { db });
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
