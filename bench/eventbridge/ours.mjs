// The relay with its EventBridge sink: reads the log, sends, stores the cursor. It starts at the oldest event and ends when the
// cursor has passed all events.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { SinkRelay } from '../../libs/events/dist/leader/sink.relay.js';
import { registerSinks } from '../../libs/events/dist/log/register-sinks.js';
import { EventBridgeSink } from '../../libs/events/dist/sinks/eventbridge/eventbridge.sink.js';
import { EventBusClient } from '../../libs/events/dist/sinks/eventbridge/event-bus.client.js';
import { Arrivals } from '../arrivals.mjs';
import { RELAY_TIMING } from '../event.mjs';

const { url, database, events, concurrency, marks = [] } = JSON.parse(process.argv[2]);
const client = new EventBusClient({ busName: 'pikaia', region: 'eu-central-1', endpoint: url, concurrency, timeoutMs: 10_000 });
const sink = new EventBridgeSink({ client, from: 'beginning', maxBytes: 262_144, concurrency, checkIntervalMs: 30_000 });
const arrivals = new Arrivals(events);
const memory = {};
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');
const deliver = sink.deliver.bind(sink);
sink.deliver = async (batch) => {
  const outcomes = await deliver(batch);
  const failed = outcomes.find(({ kind }) => kind !== 'accepted');
  if (failed) arrivals.fail(new Error('An entry failed: the result is invalid.', { cause: failed.error }));
  const before = arrivals.count;
  for (const event of batch) arrivals.add(Number(event.aggregateId));
  for (const mark of marks) if (before < mark && arrivals.count >= mark) memory[mark] = memoryNow();
  return outcomes;
};

await registerSinks(database, [sink], 'bench');
const relay = new SinkRelay({ url: database, sink, worker: 'bench', ...RELAY_TIMING });
relay.start();
await arrivals.whole;
await relay.stop(); // stores the cursor
process.send({ ...arrivals.figures(), memory });
client.close();

/** The memory of the process in bytes, and the part that the heap still uses after a garbage collection. */
function memoryNow() {
  const rss = process.memoryUsage.rss();
  collectGarbage();
  return { rss, live: process.memoryUsage().heapUsed };
}
