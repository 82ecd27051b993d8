// npm run bench:eventbridge: compares the EventBridge sink of the relay with the SDK in a bare loop. Also measures its memory,
// and the effect of the number of calls in flight. README.md explains the result.
import { BenchServer, query } from './database.mjs';
import { FILL, payloadOf } from './event.mjs';
import { median, ratio, round } from './figures.mjs';
import { runProgram, startProgram } from './program.mjs';
import { writeResult } from './result.mjs';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
const EVENTS = Number(process.env['BENCH_EVENTS'] ?? 50_000);
const MEMORY_EVENTS = Number(process.env['BENCH_MEMORY_EVENTS'] ?? 300_000);
const MARKS = [10_000, 60_000, MEMORY_EVENTS].filter((mark) => mark <= MEMORY_EVENTS);
const CONCURRENCY = 32;
const SLOW_MS = 20;
const SLOW_SECONDS = Number(process.env['BENCH_SECONDS'] ?? 4); // the approximate duration of each measurement with the slow bus

const server = await BenchServer.start();
try {
  const runs = await compare();
  const memory = await measureMemory();
  const slow = await scale();
  report(runs, memory, slow, await server.version());
} finally {
  await server.stop();
}

/** Alternates bare and ours, so that a machine that becomes slower affects both. */
async function compare() {
  const runs = { bare: [], ours: [] };
  const stub = await startStub();
  for (let round = 1; round <= ROUNDS; round++) {
    runs.bare.push(await runProgram('eventbridge/bare.mjs', { url: stub.url, events: EVENTS, concurrency: CONCURRENCY }));
    runs.ours.push(await deliver(stub, EVENTS, CONCURRENCY));
    console.error(`round ${round} of ${ROUNDS}: bare ${runs.bare.at(-1).rate}, ours ${runs.ours.at(-1).rate} events/s`);
  }
  await stub.end();
  return runs;
}

async function measureMemory() {
  const stub = await startStub();
  const { memory } = await deliver(stub, MEMORY_EVENTS, CONCURRENCY, MARKS);
  await stub.end();
  return Object.entries(memory).map(([events, { rss, live }]) => ({
    'events sent': Number(events),
    'RSS MiB': round(rss / 2 ** 20, 1),
    'live MiB': round(live / 2 ** 20, 1),
  }));
}

/** A bus that takes 20 ms per call. The number of events is proportional to the number of calls in flight. */
async function scale() {
  const stub = await startStub(SLOW_MS);
  const rates = {};
  for (const concurrency of [1, 2, 4, 8, 16, 32]) {
    const events = Math.round((SLOW_SECONDS * 1000 * concurrency) / SLOW_MS / 1.2) * 10;
    rates[concurrency] = (await deliver(stub, events, concurrency)).rate;
  }
  await stub.end();
  return rates;
}

/** Runs on its own database. Every event of the log must be accepted exactly once. */
async function deliver(stub, events, concurrency, marks) {
  const database = await fill(events);
  const before = await stub.accepted();
  const result = await runProgram('eventbridge/ours.mjs', { url: stub.url, database, events, concurrency, marks });
  const accepted = (await stub.accepted()) - before;
  if (accepted !== events) throw new Error(`${accepted} of ${events} events were accepted: the result is invalid.`);
  return result;
}

async function fill(events) {
  const { owner, worker } = await server.createOutbox();
  await query(owner, FILL, [events, payloadOf(0)]);
  await query(owner, 'vacuum analyze');
  return worker;
}

async function startStub(delayMs = 0) {
  const stub = startProgram('eventbridge/stub.mjs', { delayMs });
  const { url } = await stub.next();
  return { url, end: () => stub.end(), accepted: async () => (await stub.ask('count')).accepted };
}

function report(runs, memory, slow, postgres) {
  const middle = (name, of) => median(runs[name].map(of));
  const summary = ['bare', 'ours'].map((name) => ({
    name,
    'events/s': Math.round(middle(name, rateOf)),
    'of bare': ratio(runs[name], runs.bare, rateOf),
    'µs CPU/event': round(middle(name, cpuOf), 1),
    'CPU of bare': ratio(runs.bare, runs[name], cpuOf),
  }));
  console.table(summary);
  console.table(memory);
  console.table(
    Object.entries(slow).map(([calls, events]) => ({
      'calls in flight': Number(calls),
      'events/s': events,
      'of one call each 20 ms': round(events / (Number(calls) * 10 * (1000 / SLOW_MS)), 2),
    })),
  );
  writeResult('eventbridge', {
    packages: ['@aws-sdk/client-eventbridge'],
    postgres,
    settings: { rounds: ROUNDS, events: EVENTS, memoryEvents: MEMORY_EVENTS, concurrency: CONCURRENCY, slowMs: SLOW_MS },
    summary,
    memory,
    eventsPerSecondByCallsInFlight: slow,
    runs,
  });
}

function rateOf(run) {
  return run.rate;
}

function cpuOf(run) {
  return run.cpuMicroseconds;
}
