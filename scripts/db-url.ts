// npm run -s db:url -- --role owner|api|worker: prints a connection string for the running development database.
import { parseArgs } from 'node:util';
import { runningOrExit } from './start/running.file.ts';

const ROLES = ['owner', 'api', 'worker'] as const;

const { values } = parseArgs({ options: { role: { type: 'string', default: 'owner' } } });
const role = ROLES.find((name) => name === values.role);
if (!role) {
  console.error(`There is no role ${JSON.stringify(values.role)}. Use --role with one of ${ROLES.join(', ')}.`);
  process.exit(1);
}
console.log(runningOrExit().databaseUrls[role]);
