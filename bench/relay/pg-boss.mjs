// pg-boss with a thousand jobs per batch. It fetches without a pause while batches are full.
import { PgBoss } from 'pg-boss';
import { Arrivals } from '../arrivals.mjs';
import { payloadOf } from '../event.mjs';

const QUEUE = 'events';
const CHUNK = 5_000;

const { database, events, fill } = JSON.parse(process.argv[2]);
const boss = new PgBoss({ connectionString: database, supervise: false, schedule: false });
const arrivals = new Arrivals(events);
boss.on('error', (error) => arrivals.fail(error));
await boss.start();
process.send(await (fill ? insert() : drain()));
await boss.stop({ graceful: false });

async function insert() {
  await boss.createQueue(QUEUE, { partition: true });
  await boss.deleteAllJobs(QUEUE);
  for (let from = 1; from <= events; from += CHUNK) {
    const numbers = Array.from({ length: Math.min(CHUNK, events + 1 - from) }, (_, index) => from + index);
    await boss.insert(
      QUEUE,
      numbers.map((number) => ({ data: JSON.parse(payloadOf(number)) })),
    );
  }
  return {};
}

async function drain() {
  const options = { batchSize: 1_000, burstWhenBatchFull: true, pollingIntervalSeconds: 0.5 };
  await boss.work(QUEUE, options, async (jobs) => {
    for (const { data } of jobs) arrivals.add(Number(data.aggregate_id));
  });
  await arrivals.whole;
  await boss.offWork(QUEUE, { wait: true }); // completes the last batch
  return arrivals.figures();
}
