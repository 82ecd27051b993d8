// Only the SDK in a loop. It sends prepared entries with distinct texts, ten per call, with the given number of calls in flight.
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
  if (FailedEntryCount) throw new Error(`${FailedEntryCount} entries failed: the result is invalid.`);
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

/** An entry whose text is one flat string instead of a rope of its parts. */
function flatEntryOf(index) {
  const entry = entryOf(index);
  return { ...entry, Detail: Buffer.from(entry.Detail).toString() };
}
