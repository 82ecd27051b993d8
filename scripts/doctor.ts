// npm run doctor: checks the system that runs in this folder, or the database of DATABASE_URL, with `pikaia-doctor` of @pikaia/database.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { databaseUrl } from './outbox/database-url.ts';
import { runScript, UsageError } from './start/command-line.ts';
import { root } from './start/folders.ts';

const ROLES = ['owner', 'api', 'worker'] as const;
const COMMAND = 'libs/database/dist/doctor/pikaia-doctor.js';
const MODULES = [
  'apps/api/dist/database/schema.js',
  'libs/notifications/dist/index.js',
  'libs/webhooks/dist/index.js',
  'libs/reactions/dist/index.js',
];
const USAGE = `npm run doctor -- [--role ${ROLES.join('|')}] [--json]

Checks the running system, or the database of DATABASE_URL, and prints what to do about each problem. The role is that of the running
system with which it connects (default: owner). Exit status: 0 if nothing failed, also with warnings; 1 if a check failed.`;

await runScript(USAGE, async (args) => {
  const given = args.indexOf('--role');
  const [, name = 'owner'] = given < 0 ? [] : args.splice(given, 2);
  const role = ROLES.find((known) => known === name);
  if (!role) throw new UsageError(`There is no role ${JSON.stringify(name)}.`);
  const file = join(root, '.env');
  if (existsSync(file)) process.loadEnvFile(file);
  const options = MODULES.flatMap((module) => ['--module', join(root, module)]);
  const env = { EVENT_SINKS: 'log,local', ...process.env, DATABASE_URL: databaseUrl(role) };
  const { status } = spawnSync(process.execPath, [join(root, COMMAND), ...options, ...args], {
    cwd: root,
    env,
    stdio: 'inherit',
  });
  return status ?? 1;
});
