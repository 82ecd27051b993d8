// npm run bench:relay: measures how fast the relay delivers a backlog, compared with its peers. Also measures it while a
// transaction stays open, and with a ten times larger backlog. README.md explains the result.
import { BenchServer } from './database.mjs';
import { backlog } from './relay/backlog.mjs';
import { compare, summaryOf } from './relay/compare.mjs';
import { deliverBehindTransaction } from './relay/held.mjs';
import { writeResult } from './result.mjs';

const settings = {
  rounds: Number(process.env['BENCH_ROUNDS'] ?? 5),
  events: Number(process.env['BENCH_EVENTS'] ?? 200_000),
  backlog: Number(process.env['BENCH_BACKLOG'] ?? 1_000_000),
  heldSeconds: Number(process.env['BENCH_HELD_SECONDS'] ?? 600),
  heldRate: Number(process.env['BENCH_HELD_RATE'] ?? 1_000),
};
const parts = (process.env['BENCH_PARTS'] ?? 'compare,backlog,held').split(',');

const server = await BenchServer.start();
try {
  const { rounds, events, heldSeconds: seconds, heldRate: rate } = settings;
  const about = { packages: ['pg', 'pg-boss', 'graphile-worker'], postgres: await server.version(), settings };
  if (parts.includes('compare')) {
    const { runs, logBytesAnEvent } = await compare(server, { rounds, events });
    const summary = summaryOf(runs);
    console.table(summary);
    writeResult('relay', { ...about, compared: { summary, logBytesAnEvent, runs } });
  }
  if (parts.includes('backlog')) {
    const { summary, runs } = await backlog(server, { rounds, most: settings.backlog });
    console.table(summary);
    writeResult('relay-backlog', { ...about, summary, runs });
  }
  if (parts.includes('held')) {
    const held = await deliverBehindTransaction(server, { seconds, rate, events });
    console.table(held);
    writeResult('relay-held', { ...about, held });
  }
} finally {
  await server.stop();
}
