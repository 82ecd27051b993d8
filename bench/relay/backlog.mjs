// A ten times larger backlog has the same rate: the cost of reading depends on the rows that are read, not on the backlog.
import { query } from '../database.mjs';
import { FILL, payloadOf } from '../event.mjs';
import { median, ratio } from '../figures.mjs';
import { runProgram } from '../program.mjs';

export async function backlog(server, { rounds, most }) {
  const sizes = [most / 10, most];
  const databases = [];
  for (const events of sizes) {
    const { owner, worker } = await server.createOutbox();
    await query(owner, FILL, [events, payloadOf(0)]);
    await query(owner, 'vacuum analyze');
    databases.push(worker);
  }
  const runs = sizes.map(() => []);
  for (let turn = 1; turn <= rounds; turn++) {
    for (const [index, events] of sizes.entries()) {
      runs[index].push(await runProgram('relay/ours.mjs', { database: databases[index], events, name: `backlog ${turn}` }));
    }
    const rates = sizes.map((events, index) => `of ${events} ${runs[index].at(-1).rate}`);
    console.error(`backlog, round ${turn} of ${rounds}: ${rates.join(', ')} events/s`);
  }
  const summary = sizes.map((events, index) => ({
    backlog: events,
    'events/s': Math.round(median(runs[index].map(({ rate }) => rate))),
    'of the small one': ratio(runs[index], runs[0], ({ rate }) => rate),
    'RSS MiB': median(runs[index].map(({ rssMebibytes }) => rssMebibytes)),
  }));
  return { summary, runs };
}
