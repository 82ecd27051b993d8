// The SDK in a loop and nothing else: entries that were made beforehand, each with a text of its own as events have, ten a
// call, so many calls in flight.
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { entryOf } from '../event.mjs';

const { url, events, concurrency } = JSON.parse(process.argv[2]);
const agent = { keepAlive: true, maxSockets: concurrency };
const client = new EventBridgeClient({
  region: 'eu-central-1',
  endpoint: url,
  maxAttempts: 1,
  requestHandler: { httpAgent: agent, httpsAgent: agent },
});
const batches = Array.from({ length: events / 10 }, (_, call) =>
  Array.from({ length: 10 }, (_, index) => flatEntryOf(10 * call + index)),
);
let next = 0;
const put = async () => {
  const { FailedEntryCount } = await client.send(new PutEventsCommand({ Entries: batches[next++] }));
  if (FailedEntryCount) throw new Error(`${FailedEntryCount} entries failed, so the figures say nothing.`);
};

async function run(calls) {
  let left = calls;
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (left-- > 0) await put();
    }),
  );
}

const warmUp = Math.floor(events / 100);
await run(warmUp);
const cpu = process.cpuUsage();
const startedAt = performance.now();
const calls = events / 10 - warmUp;
await run(calls);
const seconds = (performance.now() - startedAt) / 1_000;
const { user, system } = process.cpuUsage(cpu);
process.send({ rate: Math.round((calls * 10) / seconds), cpuMicroseconds: (user + system) / (calls * 10) });
client.destroy();

/** Its text in one piece, and not in the parts that it was put together from. */
function flatEntryOf(index) {
  const entry = entryOf(index);
  return { ...entry, Detail: Buffer.from(entry.Detail).toString() };
}
