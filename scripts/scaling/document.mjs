// docs/scaling.md, from the newest results of the benchmarks.
import { costsOf, DATABASE_CORES, QUOTA, RETENTION_DAYS, sharesAt } from './load.mjs';

const RATES = [1_000, 10_000, 100_000];
const PARTS = {
  sdk: "the SDK's process",
  quota: "EventBridge's quota",
  database: `the database of ${DATABASE_CORES} cores`,
  relay: "the relay's process",
};

export function scalingDocument(results) {
  const costs = costsOf(results);
  const loads = RATES.map((rate) => ({ rate, ...sharesAt(rate, costs) }));
  return `# Scaling

What gives first when events become many, and what to do then. The figures are computed from the benchmarks' newest results by
\`npm run docs:scaling\`; [bench](../bench/README.md) says how they are measured.

${sourcesOf(results)}

They hold for that machine. What carries over is what one thing costs beside another.

## What an event costs

| what | |
| --- | --- |
| to publish it: more processor time of the service | ${microseconds(costs.publishProcess)} |
| to publish it: more processor time of the database | ${microseconds(costs.publishDatabase)} |
| to publish it: more WAL | ${count(costs.wal)} bytes |
| to keep it: table and indexes, of 600 bytes of payload | ${count(costs.logBytes)} bytes |
| to read it, for each sink: processor time of the database | ${microseconds(costs.readDatabase)} |
| the most that one process reads and hands to a sink that is free | ${count(costs.relayRate)} events/s |
| the most that one process sends to EventBridge through the SDK | ${count(costs.sdkRate)} events/s |
| from the commit to the sink's call, at ${count(results.latency.settings.eventsPerSecond)} events/s | ${latencyOf(results.latency)} |

Delivering writes next to nothing: a cursor every 50 ms, no row an event, no dead rows. So it does not slow down behind a long
transaction, nor with a long backlog.

## What gives first

One sink, EventBridge, events of 600 bytes, one a transaction, on a database of ${DATABASE_CORES} cores. A share of 100 % or more means that this part
cannot do it.

| events/s | ${Object.values(PARTS).join(' | ')} | services, cores for publishing | WAL | log of ${RETENTION_DAYS} days |
| --- | ${Object.keys(PARTS)
    .map(() => '---')
    .join(' | ')} | --- | --- | --- |
${loads.map(rowOf).join('\n')}

${loads.map(verdictOf).join('\n\n')}

## What to do then

**The SDK's process.** A sink is led by one process, since only one may move its cursor, and Node signs and writes each call on one
thread. Give the worker a whole core first; local consumers of the same worker take from it, so run them in workers of their own
(\`EVENT_SINKS\`). Then split what is published: a second database with a worker and, where consumers allow it, a bus of its own, cut
along aggregates that never share a transaction. Beyond a few of these, change data capture into a streaming platform is the better
tool: what an event bus gives, routing by content, is no longer what you need.

**EventBridge's quota.** ${count(QUOTA)} calls of PutEvents a second and account in the largest regions, a tenth of that and less in small ones; AWS's
page speaks of requests, and it is safer to plan as though each entry were one. It can be raised: ask before you need it. Until then the
relay keeps within it by itself: throttled calls burn no attempt, fewer go at a time, and the backlog waits in the log. Rules and
targets have a quota of invocations of their own, which each event uses once for every rule that matches.

**The database.** Publishing takes most of it: an insert into five indexes with the commit that the business transaction makes
anyway. Publish several events in one transaction where one request causes several; then they share it. Reading is bought once for each
sink: where many consumers each read all of the log, one that handles several events is cheaper than several that handle one. A replica
does not help, since reading needs the primary's snapshots. After that the log moves to a database of its own only together with the
tables whose transactions it belongs to.

**The log's space.** Lower \`OUTBOX_RETENTION_DAYS\`: a day is the least, and what some sink has not had is kept in any case. Leave room for
the longest outage of a sink that you want to survive.

**The relay's process.** The rows of a sink that is free; no real one is. A local consumer whose handler takes 5 ms and writes one row
is bound by its handler and its database, not by this.

**Latency.** With notifications it does not depend on the rate until a process is busy all the time; then it is the backlog's length
over the rate. \`OUTBOX_POLL_INTERVAL_MS\` bounds it where notifications do not arrive.
`;
}

function sourcesOf(results) {
  const rows = Object.entries(results).map(
    ([name, { file, machine, versions, note }]) =>
      `| [${name}](../bench/results/${file}) | ${machine.cores} cores, ${machine.cpu}, load before it ${machine.loadBefore} | Node ${versions.node}, PostgreSQL ${versions.postgres} | ${note ?? ''} |`,
  );
  return `| result | machine | versions | note |\n| --- | --- | --- | --- |\n${rows.join('\n')}`;
}

function rowOf({ rate, shares, publishingCores, walMebibytes, logGibibytes }) {
  const cells = [
    count(rate),
    ...Object.keys(PARTS).map((part) => percent(shares[part])),
    publishingCores.toFixed(1),
    `${count(walMebibytes)} MiB/s`,
    `${count(logGibibytes)} GiB`,
  ];
  return `| ${cells.join(' | ')} |`;
}

function verdictOf({ rate, shares, order }) {
  const giving = order.filter((part) => shares[part] >= 1);
  const at = `**${count(rate)} events/s.**`;
  const [first] = order;
  if (!giving.length) return `${at} Nothing gives. The most is asked of ${PARTS[first]}: ${percent(shares[first])}.`;
  const others = giving.slice(1).map((part) => `${PARTS[part]} (${percent(shares[part])})`);
  return `${at} First gives ${PARTS[first]}: ${percent(shares[first])}${others.length ? `, then ${others.join(', then ')}` : ''}.`;
}

function latencyOf({ summary }) {
  const [notify, polling] = ['notify', 'polling'].map((name) => summary.find((row) => row.name === name));
  return `half within ${notify['p50 ms']} ms, 99 % within ${notify['p99 ms']} ms; by polling alone ${Math.round(polling['p99 ms'])} ms`;
}

const percent = (share) => `${count(100 * share)} %`;
const microseconds = (value) => `${Math.round(value)} µs`;
/** Three digits say enough, and two of a small number. */
const count = (value) => Number(value.toPrecision(value < 10 ? 2 : 3)).toLocaleString('en-US');
