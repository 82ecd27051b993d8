// A transaction with an ID and a snapshot stays open during minutes of steady traffic, like a forgotten session or a long report.
// No dead row can be removed meanwhile. Then a backlog is delivered while it is still open, and another after it has ended. The
// result is compared with a hand-written loop.
import pg from 'pg';
import { query } from '../database.mjs';
import { FILL, FILL_QUEUE, payloadOf, QUEUE_TABLE } from '../event.mjs';
import { round } from '../figures.mjs';
import { runProgram } from '../program.mjs';

const SINK = 'steady';
const OFTEN = { pollIntervalMs: 50 }; // so that cursors are stored at the maximum frequency
const HOLD = `begin isolation level repeatable read; select pg_current_xact_id(); select count(*) from pg_class`;

export async function deliverBehindTransaction(server, { seconds, rate, events }) {
  const outbox = await server.createOutbox();
  const queue = await server.createDatabase();
  await query(queue, QUEUE_TABLE);
  const sides = {
    ours: {
      fill: () => query(outbox.owner, FILL, [events, payloadOf(0)]),
      drain: (number, timing) => runProgram('relay/ours.mjs', { database: outbox.worker, events: number, name: SINK, timing }),
      traffic: { database: outbox.owner, table: 'log' },
    },
    loop: {
      fill: () => query(queue, FILL_QUEUE, [events, payloadOf(0)]),
      drain: (number) => runProgram('relay/loop.mjs', { database: queue, events: number }),
      traffic: { database: queue, table: 'queue' },
    },
  };
  const before = await drainEach(sides, events);
  const holders = await Promise.all([outbox.owner, queue].map(hold));
  console.error(`held: ${seconds} s of ${rate} events/s`);
  const steady = Math.round(rate * seconds);
  await Promise.all(
    Object.values(sides).flatMap(({ drain, traffic }) => [
      drain(steady, OFTEN),
      runProgram('relay/traffic.mjs', { ...traffic, rate, events: steady }),
    ]),
  );
  const during = await drainEach(sides, events);
  for (const holder of holders) await holder.end();
  const after = await drainEach(sides, events);
  return Object.keys(sides).map((name) => ({
    name,
    'events/s before': before[name].rate,
    'while held': during[name].rate,
    after: after[name].rate,
    'held, of undisturbed': round(during[name].rate / ((before[name].rate + after[name].rate) / 2), 2),
  }));
}

async function drainEach(sides, events) {
  const runs = {};
  for (const [name, { fill, drain }] of Object.entries(sides)) {
    await fill();
    runs[name] = await drain(events);
  }
  return runs;
}

async function hold(url) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(HOLD);
  return client;
}
