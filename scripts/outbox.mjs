// npm run outbox -- <command>: each is a module of scripts/outbox with `about` and `run(arguments)`.
import { plainly } from './start/plain-error.mjs';

const COMMANDS = ['purge', 'rebase'];

const [name, ...rest] = process.argv.slice(2);
if (!COMMANDS.includes(name)) {
  console.error(name ? `There is no command ${JSON.stringify(name)}. There are:` : 'Which command? npm run outbox -- <command>:');
  for (const command of COMMANDS) {
    const { about } = await import(`./outbox/${command}.mjs`);
    console.error(`  ${command.padEnd(8)} ${about}`);
  }
  process.exit(1);
}
const { run } = await import(`./outbox/${name}.mjs`);
try {
  await run(rest);
} catch (error) {
  console.error(plainly(error));
  process.exitCode = 1;
}
