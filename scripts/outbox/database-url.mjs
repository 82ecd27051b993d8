import { runningOrExit } from '../start/running-or-exit.mjs';

/** DATABASE_URL, or else that of the running development database for a role: owner, api or worker. */
export const databaseUrl = (role) => process.env.DATABASE_URL || runningOrExit().databaseUrls[role];
