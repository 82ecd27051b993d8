// npm run bench:publish: measures the cost of one event in a business transaction, compared with the same transaction without an
// event and with a pg-boss job. README.md explains the result.
import { BenchServer, query } from './database.mjs';
import { median, ratio } from './figures.mjs';
import { startProgram } from './program.mjs';
import { writeResult } from './result.mjs';

const VARIANTS = ['bare', 'ours', 'pg-boss'];
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 5);
const CONNECTIONS = Number(process.env['BENCH_CONNECTIONS'] ?? 16);
const ACCOUNTS = 100_000; // enough that requests rarely wait for the same row
const QUEUE = 'orders';

const TABLES = `
create table account (id bigint primary key, balance bigint not null);
insert into account select n, 1000 from generate_series(1, ${ACCOUNTS}) n;
create table placed_order (id bigint generated always as identity primary key, account bigint not null, amount int not null);
grant select, insert, update on account, placed_order to pikaia_api`;
// The api has all privileges on the queue, because the benchmark compares time, not permissions.
const OPEN_QUEUE = `
grant usage on schema pgboss to pikaia_api;
grant all on all tables in schema pgboss to pikaia_api;
grant execute on all functions in schema pgboss to pikaia_api`;
const COUNTS = {
  bare: 'select 0::int as count',
  ours: 'select count(*)::int as count from outbox.outbox_log',
  'pg-boss': `select count(*)::int as count from pgboss.job where name = '${QUEUE}'`,
};

const server = await BenchServer.start();
try {
  report(await compare(), await server.version());
} finally {
  await server.stop();
}

/** Alternates bare, ours and pg-boss in one service, so that a machine that becomes slower affects all. */
async function compare() {
  const { owner, api } = await server.createOutbox();
  await query(owner, TABLES);
  const options = { api, boss: owner, connections: CONNECTIONS, accounts: ACCOUNTS, queue: QUEUE };
  const service = startProgram('publish/publisher.mjs', options);
  await service.next();
  await query(owner, OPEN_QUEUE);
  await query(owner, 'vacuum analyze');
  const runs = Object.fromEntries(VARIANTS.map((name) => [name, []]));
  for (const variant of VARIANTS) await measure(service, owner, variant, SECONDS); // warm-up
  for (let turn = 1; turn <= ROUNDS; turn++) {
    for (const variant of VARIANTS) runs[variant].push(await measure(service, owner, variant, SECONDS));
    const rates = VARIANTS.map((name) => `${name} ${runs[name].at(-1).rate}`);
    console.error(`round ${turn} of ${ROUNDS}: ${rates.join(', ')} transactions/s`);
  }
  await service.end();
  return runs;
}

/** Each counted transaction must have created its event or its job. */
async function measure(service, owner, variant, seconds) {
  const before = await countOf(owner, variant);
  const { result, usage } = await server.measure(owner, () => service.ask({ variant, seconds }));
  const left = (await countOf(owner, variant)) - before;
  if (variant !== 'bare' && left !== result.transactions)
    throw new Error(`${result.transactions} transactions of ${variant} left ${left} rows: the result is invalid.`);
  return {
    ...result,
    walBytes: usage.walBytes / result.transactions,
    databaseCpuMicroseconds: usage.cpuMicroseconds / result.transactions,
  };
}

async function countOf(owner, variant) {
  const [{ count }] = await query(owner, COUNTS[variant]);
  return count;
}

function report(runs, postgres) {
  const middle = (name, of) => median(runs[name].map(of));
  const summary = VARIANTS.map((name) => ({
    name,
    'transactions/s': Math.round(middle(name, rateOf)),
    'time, of bare': ratio(runs.bare, runs[name], rateOf),
    'µs CPU/transaction': Math.round(middle(name, (run) => run.cpuMicroseconds)),
    'µs CPU of the database': Math.round(middle(name, (run) => run.databaseCpuMicroseconds)),
    'WAL bytes/transaction': Math.round(middle(name, (run) => run.walBytes)),
  }));
  console.table(summary);
  const ofPgBoss = ratio(runs.ours, runs['pg-boss'], (run) => 1 / run.rate);
  console.log(`A transaction with a Pikaia event takes ${ofPgBoss} of the time of one with a pg-boss job.`);
  writeResult('publish', {
    packages: ['pg-boss', 'typeorm', 'pg', 'nestjs-cls'],
    postgres,
    settings: { rounds: ROUNDS, seconds: SECONDS, connections: CONNECTIONS },
    summary,
    timeOfPgBoss: ofPgBoss,
    runs,
  });
}

function rateOf({ rate }) {
  return rate;
}
