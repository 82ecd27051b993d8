// The relay as in a worker, with a sink of ten entries per call that records the time of each call. It sends the times on request.
import { SinkRelay } from '../../libs/events/dist/leader/sink.relay.js';
import { RelaySupervisor } from '../../libs/events/dist/worker/relay.supervisor.js';
import { registerSinks } from '../../libs/events/dist/log/register-sinks.js';
import { accepted } from '../../libs/events/dist/delivery/sink.js';
import { RELAY_TIMING } from '../event.mjs';
import { machineMs } from './clock.mjs';

const { database, name, notified } = JSON.parse(process.argv[2]);
const calls = [];
const sink = {
  name,
  from: 'now',
  ordering: 'none',
  types: null,
  limits: { maxBatchEvents: 10, maxBatchBytes: 262_144, maxConcurrency: 32 },
  async deliver(batch) {
    const called = machineMs();
    for (const { eventId } of batch) calls.push({ eventId, called });
    return batch.map(() => accepted);
  },
};

const relay = await start();
process.on('message', () => process.send(calls));
process.on('disconnect', () => relay.stop().then(() => process.exit()));
process.send('ready');

async function start() {
  const options = { url: database, worker: 'bench', ...RELAY_TIMING };
  if (notified) {
    const relays = new RelaySupervisor([sink], options);
    await relays.start();
    return relays;
  }
  await registerSinks(database, [sink], 'bench');
  const polling = new SinkRelay({ sink, ...options });
  polling.start();
  return polling;
}
