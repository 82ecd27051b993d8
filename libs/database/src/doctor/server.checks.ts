import { MIN_SERVER_VERSION } from '../migration/migrate.js';
import { failed, passed, warning, type Check, type CheckContext, type CheckResult } from './check.js';
import type { Session } from './session.js';

const CLOCK_SAMPLES = 3;
const MAX_SKEW_MS = 1_000;
const OFF = /^(off|false|no|0)$/i; // as a role setting may spell it
const WRONG_SKEW_MS = 60_000; // signatures and tokens are refused after minutes

export const versionCheck: Check = {
  name: 'server-version',
  async run({ query }) {
    const [row] = await query<{ number: number; version: string }>(
      `select current_setting('server_version_num')::int as number, current_setting('server_version') as version`,
    );
    const { number, version } = row!;
    if (number >= MIN_SERVER_VERSION * 10_000) return passed(`PostgreSQL ${version}.`);
    return failed(`The server is PostgreSQL ${version}.`, `Upgrade it: PostgreSQL ${MIN_SERVER_VERSION} or newer is required.`);
  },
};

/** A pooler reports a process id that is not that of the server process, and gives each transaction another server process. */
export const poolerCheck = (session: Pick<Session, 'reportedProcessId'>): Check => ({
  name: 'pooler',
  async run({ query }) {
    const [row] = await query<{ pid: number }>('select pg_backend_pid() as pid');
    if (row!.pid === session.reportedProcessId) return passed('The connection is direct.');
    return warning(
      'The connection goes through a pooler.',
      'Processes that only publish may keep it. Give the worker and the migrations a DATABASE_URL with the address of the server: they hold locks and LISTEN.',
    );
  },
});

/**
 * What a new session of each process gets: the setting of its role in this database, else of its role, else of the database, else of the
 * server; and the setting of this session. Index: pg_db_role_setting by database and role. Locks: none. $1: the roles of the processes.
 */
const DURABILITY = `
  select coalesce(r.rolname, 'this session') as role, case when n is null then current_setting('synchronous_commit') else coalesce(
    (select substr(s, 20) from pg_db_role_setting d, unnest(d.setconfig) s
      where s like 'synchronous_commit=%' and d.setrole in (0, r.oid) and d.setdatabase in (0, (select oid from pg_database where datname = current_database()))
      order by d.setrole = 0, d.setdatabase = 0 limit 1),
    current_setting('synchronous_commit')) end as value
  from unnest(array_append($1::text[], null)) n left join pg_roles r on r.rolname = n
  where n is null or r.oid is not null`;

export const durabilityCheck: Check = {
  name: 'durability',
  async run(context) {
    const roles = await context.query<{ role: string; value: string }>(DURABILITY, [context.processRoles]);
    const risky = roles.filter(({ value }) => OFF.test(value));
    if (risky.length) {
      return failed(
        `synchronous_commit is off for ${risky.map(({ role }) => role).join(', ')}: a crash of the server loses commits, whose events may be delivered.`,
        'Set it to on: alter role … reset synchronous_commit, or in postgresql.conf.',
      );
    }
    const [server] = await context.query<{ fsync: string; pages: string }>(
      `select current_setting('fsync') as fsync, current_setting('full_page_writes') as pages`,
    );
    const off = [server!.fsync === 'off' ? 'fsync' : '', server!.pages === 'off' ? 'full_page_writes' : ''].filter(Boolean);
    if (!off.length) return passed(`synchronous_commit is ${roles[0]!.value}.`);
    return warning(
      `${off.join(' and ')} ${off.length > 1 ? 'are' : 'is'} off: a crash of the machine can destroy the database.`,
      'Set it to on in postgresql.conf, except for tests.',
    );
  },
};

export const clockCheck: Check = {
  name: 'clock',
  run: async (context) => skewResult(await clockSkewMs(context)),
};

/** Milliseconds by which the clock of this machine is ahead of the server, by the answer with the shortest round trip. */
async function clockSkewMs({ query }: CheckContext): Promise<number> {
  let best = { skewMs: 0, roundTripMs: Infinity };
  for (let sample = 0; sample < CLOCK_SAMPLES; sample++) {
    const [sentAt, sentAtMs] = [performance.now(), Date.now()];
    const [row] = await query<{ ms: number }>('select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms');
    const roundTripMs = performance.now() - sentAt;
    if (roundTripMs < best.roundTripMs) best = { skewMs: sentAtMs + roundTripMs / 2 - row!.ms, roundTripMs };
  }
  return best.skewMs;
}

function skewResult(skewMs: number): CheckResult {
  const amount = Math.abs(skewMs);
  if (amount < MAX_SKEW_MS) return passed(`The clocks of this machine and of the server differ by ${Math.round(amount)} ms.`);
  const result = amount < WRONG_SKEW_MS ? warning : failed;
  return result(
    `The clock of this machine is ${(amount / 1000).toFixed(1)} s ${skewMs > 0 ? 'ahead of' : 'behind'} that of the server.`,
    'Synchronize both with NTP. Times of events and log lines disagree, and signatures and tokens can be refused.',
  );
}
