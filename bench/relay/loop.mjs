// The usual hand-written outbox: lock a thousand free rows, deliver them, delete them, commit.
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { Arrivals } from '../arrivals.mjs';

const TAKE = {
  name: 'take',
  text: `delete from queue where position = any (array(
    select position from queue order by position limit 1000 for update skip locked)) returning *`,
};

const POLL_INTERVAL_MS = 50;

const { database, events } = JSON.parse(process.argv[2]);
const client = new pg.Client({ connectionString: database });
await client.connect();
const arrivals = new Arrivals(events);
while (arrivals.count < events) {
  await client.query('begin');
  const { rows } = await client.query(TAKE);
  for (const row of rows) arrivals.add(Number(row.aggregate_id));
  await client.query('commit');
  if (!rows.length) await sleep(POLL_INTERVAL_MS);
}
await arrivals.whole;
process.send(arrivals.figures());
await client.end();
