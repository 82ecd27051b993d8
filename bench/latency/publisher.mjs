// A service that publishes at a steady rate, one event per transaction. For each event, it reports the times before and after the
// commit, measured by the clock that all processes of the machine share.
import { setTimeout as sleep } from 'node:timers/promises';
import { context, newId } from '@pikaia/core';
import { currentManager } from '@pikaia/database';
import { Events } from '@pikaia/events';
import { makeTransactional, OrderPlaced, startApplication, TEXT } from '../application.mjs';
import { machineMs } from './clock.mjs';

const TICK_MS = 2;
const { api, connections, rate, seconds } = JSON.parse(process.argv[2]);

class Orders {
  async place() {
    const [{ id }] = await currentManager().query('insert into placed_order (account, amount) values (1, 1) returning id');
    const eventId = await events.publish(OrderPlaced, { id }, { text: TEXT });
    return { eventId, committing: machineMs() };
  }
}
makeTransactional(Orders, 'place');
const app = await startApplication({ api, connections });
const events = app.get(Events);
const orders = new Orders();

process.on('disconnect', () => process.exit());
process.on('message', () => run().then((times) => process.send(times)));
process.send('ready');

async function run() {
  const running = [];
  const start = performance.now();
  for (let passed = 0; passed < seconds; passed = (performance.now() - start) / 1_000) {
    while (running.length < passed * rate) running.push(place());
    await sleep(TICK_MS);
  }
  return Promise.all(running);
}

async function place() {
  const { eventId, committing } = await context.run({ correlationId: newId() }, () => orders.place());
  return { eventId, committing, committed: machineMs() };
}
