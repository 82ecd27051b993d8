// The lower bound for reading the same rows: by position, a thousand at a time, with only the last position as state. It loses
// events whose transaction commits late.
import pg from 'pg';
import { Arrivals } from '../arrivals.mjs';

const PAGE = {
  name: 'scan',
  types: { getTypeParser: (oid, format) => (oid === pg.types.builtins.JSON ? String : pg.types.getTypeParser(oid, format)) },
  text: `select position, event_id, event_type, schema_version, aggregate_type, aggregate_id, organization_id, correlation_id,
    occurred_at, size, payload from outbox.outbox_log where position > $1 order by position limit 1000`,
};

const { database, events } = JSON.parse(process.argv[2]);
const client = new pg.Client({ connectionString: database });
await client.connect();
const arrivals = new Arrivals(events);
for (let position = '0'; arrivals.count < events;) {
  const { rows } = await client.query({ ...PAGE, values: [position] });
  for (const row of rows) arrivals.add(Number(row.aggregate_id));
  position = rows.at(-1).position;
}
await arrivals.whole;
process.send(arrivals.figures());
await client.end();
