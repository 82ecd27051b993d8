// Measures the cost of one line with three fields, in its own process whose stdout is a file. Sends the parent the nanoseconds
// per line of each round. It logs twenty lines per turn of the event loop, like a server under load. The time includes writing.
import { context } from '@pikaia/core';
import { configureLogging, getLogger } from '@pikaia/logging';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { pino } from 'pino';
import { openRing } from '../../libs/logging/dist/output/debug-ring.js';

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
    const logger = ourLogger();
    return (at) => logger.info('order_read', { orderId: at, items: 3, cached: false });
  },
  oursDebug: () => {
    const logger = ourLogger();
    return (at) => logger.debug('order_read', { orderId: at, items: 3, cached: false });
  },
};

function ourLogger() {
  configureLogging({ level: 'info', format: 'json', service: 'bench', env: 'production', version: '1.0.0' });
  return getLogger('orders');
}

// `context`: inside a request. `ring`: inside a request whose DEBUG lines are buffered; each turn is a new request.
const [name, where] = process.argv.slice(2);
const write = writers[name]();

const request = { method: 'GET', path: '/orders/17', clientAddress: '127.0.0.1', userAgent: 'bench' };
const results = where === 'context' ? await context.run({ request }, measure) : await measure();
process.send(results, () => process.disconnect());

function writeAll() {
  for (let line = 0; line < LINES; line++) write(line);
}

function writeKept(scope) {
  const ring = openRing(scope, false);
  writeAll();
  if (ring.close(false).lines.length !== LINES) throw new Error('The ring buffer did not keep the lines.');
}

async function measure() {
  const rounds = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.hrtime.bigint();
    for (let turn = 0; turn < TURNS; turn++) {
      if (where === 'ring') context.run({ request }, writeKept);
      else writeAll();
      await nextTurn();
    }
    rounds.push(Number(process.hrtime.bigint() - start) / (TURNS * LINES));
  }
  return rounds.slice(5); // the first rounds are the warm-up
}
