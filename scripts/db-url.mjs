// npm run -s db:url -- --role owner|api|worker: prints a connection string for the running development database.
import { parseArgs } from 'node:util';
import { runningOrExit } from './start/running-or-exit.mjs';

const { values } = parseArgs({ options: { role: { type: 'string', default: 'owner' } } });
const roles = ['owner', 'api', 'worker'];
if (!roles.includes(values.role)) {
  console.error(`There is no role ${JSON.stringify(values.role)}. Use --role with one of ${roles.join(', ')}.`);
  process.exit(1);
}
console.log(runningOrExit().databaseUrls[values.role]);
