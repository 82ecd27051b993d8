import { loadSettings } from '@pikaia/core';
import { DatabaseSettings } from '@pikaia/database';
import { runningOrExit, type Running } from '../start/running.file.ts';

/** The URL from DATABASE_URL or DATABASE_HOST, else that of the running development database for a role. */
export const databaseUrl = (role: keyof Running['databaseUrls']): string =>
  process.env['DATABASE_URL'] || process.env['DATABASE_HOST']
    ? loadSettings([DatabaseSettings], process.env)[0].databaseUrl
    : runningOrExit().databaseUrls[role];
