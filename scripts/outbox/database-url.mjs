import { loadSettings } from '@pikaia/core';
import { DatabaseSettings } from '@pikaia/database';
import { runningOrExit } from '../start/running.file.ts';

/** The URL from DATABASE_URL or DATABASE_HOST, else that of the running development database for a role: owner, api or worker. */
export const databaseUrl = (role) =>
  process.env.DATABASE_URL || process.env.DATABASE_HOST
    ? loadSettings([DatabaseSettings], process.env)[0].databaseUrl
    : runningOrExit().databaseUrls[role];
