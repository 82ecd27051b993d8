// The relay with a sink that accepts every event immediately. Ends when the cursor of the last event is stored.
import { SinkRelay } from '../../libs/events/dist/leader/sink.relay.js';
import { registerSinks } from '../../libs/events/dist/log/register-sinks.js';
import { accepted } from '../../libs/events/dist/delivery/sink.js';
import { Arrivals } from '../arrivals.mjs';
import { RELAY_TIMING } from '../event.mjs';

const { database, events, name, ordering = 'none', from = 'beginning', timing = {} } = JSON.parse(process.argv[2]);
const arrivals = new Arrivals(events);
const sink = {
  name,
  from,
  ordering,
  types: null,
  limits: { maxBatchEvents: 1_000, maxBatchBytes: 1 << 24, maxConcurrency: 4 },
  async deliver(batch) {
    for (const event of batch) arrivals.add(Number(event.aggregateId));
    return batch.map(() => accepted);
  },
};

await registerSinks(database, [sink], 'bench');
const relay = new SinkRelay({ url: database, sink, worker: 'bench', ...RELAY_TIMING, ...timing });
relay.start();
await arrivals.whole;
await relay.stop(); // stores the cursor
process.send(arrivals.figures());
