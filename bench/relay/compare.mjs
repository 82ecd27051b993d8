// Compares the relay with its peers on one server, in turns. The log is filled once and read by a new sink each time, because
// delivery does not change it. Each peer gets a fresh copy of its filled database.
import { query } from '../database.mjs';
import { FILL, FILL_QUEUE, payloadOf, QUEUE_TABLE } from '../event.mjs';
import { median, ratio, round } from '../figures.mjs';
import { runProgram } from '../program.mjs';

const NAMES = ['ours', 'ours, ordered', 'scan', 'loop', 'pg-boss', 'graphile-worker'];
const LEFT = {
  loop: 'select count(*)::int as count from queue',
  'pg-boss': `select count(*)::int as count from pgboss.job where state <> 'completed'`,
  'graphile-worker': 'select count(*)::int as count from graphile_worker._private_jobs',
};
// Checks that the newest cursor covers the newest event, and that no delivery is pending.
const LEFT_OF_SINK = `
select (count(*) + (select count(*) from outbox.outbox_delivery where sink = $1))::int as count from outbox.outbox_log
where position > (select position from outbox.outbox_progress where sink = $1 order by number desc limit 1)`;

const LOG_BYTES = `
select sum(pg_total_relation_size(relid))::float8 as bytes from pg_partition_tree('outbox.outbox_log') where isleaf`;

export async function compare(server, { rounds, events }) {
  const outbox = await server.createOutbox();
  await query(outbox.owner, FILL, [events, payloadOf(0)]);
  await query(outbox.owner, 'vacuum analyze');
  const templates = await fillPeers(server, events);
  const runs = Object.fromEntries(NAMES.map((name) => [name, []]));
  for (let turn = 1; turn <= rounds; turn++) {
    for (const name of NAMES) {
      const measured = templates[name]
        ? measurePeer(server, name, templates[name], events)
        : measureOnLog(server, outbox, name, `${name} ${turn}`, events);
      runs[name].push(await measured);
    }
    const rates = NAMES.map((name) => `${name} ${runs[name].at(-1).rate}`);
    console.error(`round ${turn} of ${rounds}: ${rates.join(', ')} events/s`);
  }
  for (const url of Object.values(templates)) await server.dropDatabase(url);
  const [{ bytes }] = await query(outbox.owner, LOG_BYTES);
  return { runs, logBytesAnEvent: Math.round(bytes / events) };
}

export function summaryOf(runs) {
  const middle = (name, of) => median(runs[name].map(of));
  return NAMES.map((name) => ({
    name,
    'events/s': Math.round(middle(name, rateOf)),
    'ours, times': ratio(runs.ours, runs[name], rateOf),
    'µs CPU/event': round(
      middle(name, (run) => run.cpuMicroseconds),
      1,
    ),
    'µs CPU of the database': round(
      middle(name, (run) => run.databaseCpuMicroseconds),
      1,
    ),
    'WAL bytes/event': round(
      middle(name, (run) => run.walBytes),
      1,
    ),
    'dead rows/event': round(
      middle(name, (run) => run.deadRows),
      3,
    ),
    'RSS MiB': middle(name, (run) => run.rssMebibytes),
  }));
}

async function fillPeers(server, events) {
  const templates = {};
  for (const name of ['pg-boss', 'graphile-worker']) {
    templates[name] = await server.createDatabase();
    await runProgram(`relay/${name}.mjs`, { database: templates[name], events, fill: true });
  }
  templates.loop = await server.createDatabase();
  await query(templates.loop, QUEUE_TABLE);
  await query(templates.loop, FILL_QUEUE, [events, payloadOf(0)]);
  for (const url of Object.values(templates)) await query(url, 'vacuum analyze');
  return templates;
}

async function measureOnLog(server, { owner, worker }, name, sink, events) {
  const [program, ordering] = { scan: ['scan'], ours: ['ours', 'none'], 'ours, ordered': ['ours', 'aggregate'] }[name];
  const work = () => runProgram(`relay/${program}.mjs`, { database: worker, events, name: sink, ordering });
  const run = await measure(server, owner, events, work);
  if (program === 'ours') await expectNothingLeft(owner, name, LEFT_OF_SINK, [sink]);
  return run;
}

async function measurePeer(server, name, template, events) {
  const database = await server.createDatabase(template);
  const run = await measure(server, database, events, () => runProgram(`relay/${name}.mjs`, { database, events }));
  await expectNothingLeft(database, name, LEFT[name]);
  await server.dropDatabase(database);
  return run;
}

async function measure(server, database, events, work) {
  const { result, usage } = await server.measure(database, work);
  return {
    ...result,
    databaseCpuMicroseconds: usage.cpuMicroseconds / events,
    walBytes: usage.walBytes / events,
    deadRows: usage.deadRows / events,
  };
}

async function expectNothingLeft(database, name, sql, values) {
  const [{ count }] = await query(database, sql, values);
  if (count) throw new Error(`${name} left ${count} events: the result is invalid.`);
}

function rateOf({ rate }) {
  return rate;
}
