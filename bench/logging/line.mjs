// The cost of one line with three fields, in a process of its own whose stdout is a file. Sends the parent a list of
// nanoseconds a line, one of each round. Twenty lines a turn of the event loop, as a server under load writes them; the
// time includes the writing.
import { context } from '@pikaia/core';
import { configureLogging, getLogger } from '@pikaia/logging';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { pino } from 'pino';

const ROUNDS = 15;
const TURNS = 1_000;
const LINES = 20;

const writers = {
  pino: () => {
    const logger = pino();
    return (at) => logger.info({ orderId: at, items: 3, cached: false }, 'order read');
  },
  pinoBuffered: () => {
    const logger = pino(pino.destination({ dest: 1, minLength: 4_096, sync: true }));
    return (at) => logger.info({ orderId: at, items: 3, cached: false }, 'order read');
  },
  ours: () => {
    configureLogging({ level: 'info', format: 'json', service: 'bench', env: 'production', version: '1.0.0' });
    const logger = getLogger('orders');
    return (at) => logger.info('order_read', { orderId: at, items: 3, cached: false });
  },
};
const [name, inContext] = process.argv.slice(2);
const write = writers[name]();

const request = { method: 'GET', path: '/orders/17', clientAddress: '127.0.0.1', userAgent: 'bench' };
const results = inContext ? await context.run({ request }, measure) : await measure();
process.send(results, () => process.disconnect());

async function measure() {
  const rounds = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.hrtime.bigint();
    for (let turn = 0; turn < TURNS; turn++) {
      for (let line = 0; line < LINES; line++) write(line);
      await nextTurn();
    }
    rounds.push(Number(process.hrtime.bigint() - start) / (TURNS * LINES));
  }
  return rounds.slice(5); // the first ones are compiled and warmed up
}
