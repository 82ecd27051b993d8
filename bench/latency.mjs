// npm run bench:latency: measures the time from a commit to the call of the sink, with notifications and with polling only.
// README.md explains the result.
import { setTimeout as sleep } from 'node:timers/promises';
import { BenchServer, query } from './database.mjs';
import { median, percentile, round } from './figures.mjs';
import { startProgram } from './program.mjs';
import { writeResult } from './result.mjs';

const VARIANTS = ['notify', 'polling'];
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 20);
const RATE = Number(process.env['BENCH_RATE'] ?? 500);
const CONNECTIONS = 16;
const WARM_UP_SECONDS = 2; // at the start of each measurement, not evaluated
const DRAIN_MS = 10_000;
const PERCENTILES = { p50: 0.5, p90: 0.9, p99: 0.99, 'p99.9': 0.999, max: 1 };

const server = await BenchServer.start();
try {
  const outbox = await server.createOutbox();
  const runs = { notify: [], polling: [] };
  await query(
    outbox.owner,
    `create table placed_order (id bigint generated always as identity primary key, account bigint not null, amount int not null);
     grant select, insert on placed_order to pikaia_api`,
  );
  for (let turn = 1; turn <= ROUNDS; turn++) {
    for (const variant of VARIANTS) runs[variant].push(await measure(outbox, variant, turn));
    const seen = VARIANTS.map((name) => `${name} ${runs[name].at(-1).p50} / ${runs[name].at(-1).p99}`);
    console.error(`round ${turn} of ${ROUNDS}: p50 / p99 ${seen.join(', ')} ms`);
  }
  report(runs, await server.version());
} finally {
  await server.stop();
}

async function measure({ api, worker }, variant, turn) {
  const relay = startProgram('latency/relay.mjs', {
    database: worker,
    name: `${variant} ${turn}`,
    notified: variant === 'notify',
  });
  await relay.next();
  const publisher = startProgram('latency/publisher.mjs', {
    api,
    connections: CONNECTIONS,
    rate: RATE,
    seconds: WARM_UP_SECONDS + SECONDS,
  });
  await publisher.next();
  const published = await publisher.ask('go');
  const called = await callsOf(relay, published.length);
  await Promise.all([publisher.end(), relay.end()]);
  return latenciesOf(published, called);
}

/** The time at which each event was handed over. */
async function callsOf(relay, expected) {
  for (const end = performance.now() + DRAIN_MS; ; await sleep(100)) {
    const calls = await relay.ask('calls');
    const called = new Map(calls.map((call) => [call.eventId, call.called]));
    if (called.size === expected && calls.length === expected) return called;
    if (performance.now() > end)
      throw new Error(
        `${calls.length} deliveries of ${called.size} events, but ${expected} were published: the result is invalid.`,
      );
  }
}

function latenciesOf(published, called) {
  const from = published[0].committing + WARM_UP_SECONDS * 1_000;
  const counted = published.filter(({ committing }) => committing >= from);
  const afterCommit = counted.map(({ eventId, committed }) => called.get(eventId) - committed);
  const withCommit = counted.map(({ eventId, committing }) => called.get(eventId) - committing);
  const read = (values, share) => round(percentile(values, share), 1);
  return {
    events: counted.length,
    ...Object.fromEntries(Object.entries(PERCENTILES).map(([name, share]) => [name, read(afterCommit, share)])),
    withCommit: Object.fromEntries(Object.entries(PERCENTILES).map(([name, share]) => [name, read(withCommit, share)])),
  };
}

function report(runs, postgres) {
  const rows = VARIANTS.flatMap((name) => [
    [name, runs[name]],
    [`${name}, commit included`, runs[name].map((run) => run.withCommit)],
  ]);
  const summary = rows.map(([name, all]) => ({
    name,
    ...Object.fromEntries(Object.keys(PERCENTILES).map((key) => [`${key} ms`, median(all.map((run) => run[key]))])),
  }));
  console.table(summary);
  writeResult('latency', {
    packages: ['pg', 'typeorm'],
    postgres,
    settings: {
      rounds: ROUNDS,
      seconds: SECONDS,
      warmUpSeconds: WARM_UP_SECONDS,
      eventsPerSecond: RATE,
      connections: CONNECTIONS,
    },
    summary,
    runs,
  });
}
