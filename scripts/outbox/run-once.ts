// `run-once`: one bounded pass of the worker, for cron and Lambda.
import type { PassOptions, PassResult, SinkPass } from '@pikaia/events';
import { parseCommandLine, UsageError } from '../start/command-line.ts';
import { varDirectory } from '../start/folders.ts';
import { parseInteger } from '../start/parse.ts';
import { developmentSecrets } from '../start/secrets.file.ts';
import { databaseUrl } from './database-url.ts';

const text = { type: 'string' } as const;

/** Runs a pass with the worker's database role and prints what it did. Resolves with the exit status. */
export async function runOnce(args: string[]): Promise<number> {
  const { values } = parseCommandLine({ args, options: { seconds: text, events: text, json: { type: 'boolean' } } });
  const options = passOptions(values);
  const { runWorkerOnce } = await import('../../apps/outbox-worker/dist/run-worker-once.js');
  const result = await runWorkerOnce({ LOG_LEVEL: 'warning', ...developmentSettings(process.env), ...process.env }, options);
  console.log(values.json ? JSON.stringify(result, null, 2) : passText(result));
  return result.succeeded ? 0 : 1;
}

/** The settings that `npm start` gives to its worker, unless the environment names a database. */
function developmentSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  if (environment['DATABASE_URL'] || environment['DATABASE_HOST']) return {};
  const url = databaseUrl('worker');
  return { DATABASE_URL: url, INVITATION_SECRET: developmentSecrets().invitation, PIKAIA_VAR: varDirectory };
}

function passOptions({ seconds, events }: { readonly seconds?: string; readonly events?: string }): PassOptions {
  const timeLimitMs = positive('seconds', seconds);
  const maxEvents = positive('events', events);
  return { ...(timeLimitMs !== undefined && { timeLimitMs: timeLimitMs * 1000 }), ...(maxEvents !== undefined && { maxEvents }) };
}

function positive(name: string, given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const value = parseInteger(given);
  if (value === undefined || value < 1) throw new UsageError(`--${name} must be a positive integer, not "${given}".`);
  return value;
}

const OUTCOMES: Readonly<Record<SinkPass['outcome'], string>> = {
  done: 'nothing more is due',
  limit_reached: 'stopped at the limit, more events may be due',
  led_elsewhere: 'another process leads this sink',
  paused: 'paused by an operator',
  retired: 'retired',
  unreachable: 'not reachable',
  broken: 'failed',
};

const passText = ({ sinks }: PassResult): string =>
  sinks
    .map(({ sink, outcome, accepted, retrying, failed, error }) => {
      const counts = `${accepted} delivered, ${retrying} to retry, ${failed} failed`;
      return `${sink.padEnd(24)} ${counts}; ${OUTCOMES[outcome]}${error === null ? '' : `\n  last error: ${error}`}`;
    })
    .join('\n');
