// graphile-worker with the settings of its performance page: 24 concurrent jobs, a local queue of 500, completion in batches.
import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import { Arrivals } from '../arrivals.mjs';
import { payloadOf } from '../event.mjs';

const TASK = 'deliver';
const CHUNK = 5_000;

const { database, events, fill } = JSON.parse(process.argv[2]);
const logger = new Logger(() => () => undefined);
process.send(await (fill ? insert() : drain()));

async function insert() {
  const utils = await makeWorkerUtils({ connectionString: database, logger });
  await utils.migrate();
  for (let from = 1; from <= events; from += CHUNK) {
    const numbers = Array.from({ length: Math.min(CHUNK, events + 1 - from) }, (_, index) => from + index);
    await utils.addJobs(numbers.map((number) => ({ identifier: TASK, payload: JSON.parse(payloadOf(number)) })));
  }
  await utils.release();
  return {};
}

async function drain() {
  const arrivals = new Arrivals(events);
  const runner = await run({
    logger,
    noHandleSignals: true,
    taskList: { [TASK]: (payload) => arrivals.add(Number(payload.aggregate_id)) },
    preset: {
      worker: {
        connectionString: database,
        concurrentJobs: 24,
        maxPoolSize: 25,
        localQueue: { size: 500 },
        completeJobBatchDelay: 0,
        failJobBatchDelay: 0,
      },
    },
  });
  await arrivals.whole;
  await runner.stop(); // completes the last jobs
  return arrivals.figures();
}
