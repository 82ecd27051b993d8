// Inserts events at a steady rate, one per transaction, into the log like the publisher, or into the hand-written queue.
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { insertEvent } from '../../libs/events/dist/record/publish.sql.js';
import { eventValues } from '../event.mjs';

const TICK_MS = 20;
const TABLES = { log: insertEvent, queue: insertEvent.replace('outbox.outbox_log', 'queue') };

const { database, table, rate, events } = JSON.parse(process.argv[2]);
const client = new pg.Client({ connectionString: database });
await client.connect();
const start = performance.now();
for (let number = 1; number <= events;) {
  const due = Math.min(events, Math.floor(((performance.now() - start) / 1_000) * rate));
  for (; number <= due; number++) await client.query({ name: 'insert', text: TABLES[table], values: eventValues(number) });
  await sleep(TICK_MS);
}
process.send({ rate: Math.round(events / ((performance.now() - start) / 1_000)) });
await client.end();
