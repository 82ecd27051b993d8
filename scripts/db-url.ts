// npm run -s db:url -- --role owner|api|worker: prints a connection string for the running development database.
import { parseCommandLine, runScript, UsageError } from './start/command-line.ts';
import { runningOrExit } from './start/running.file.ts';

const ROLES = ['owner', 'api', 'worker'] as const;
const USAGE = `npm run -s db:url -- [--role ${ROLES.join('|')}]

Prints a connection string for the running development database. The default role is owner.`;

await runScript(USAGE, async (args) => {
  const { values } = parseCommandLine({ args, options: { role: { type: 'string', default: 'owner' } } });
  const role = ROLES.find((name) => name === values.role);
  if (!role) throw new UsageError(`There is no role ${JSON.stringify(values.role)}.`);
  console.log(runningOrExit().databaseUrls[role]);
  return 0;
});
