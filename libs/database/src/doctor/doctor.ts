import { loadSettings } from '@pikaia/core';
import { errorMessage } from '@pikaia/logging';
import { DatabaseSettings } from '../database.settings.js';
import { failed, passed, skipped, type Check, type CheckContext, type CheckResult, type CheckStatus } from './check.js';
import { connectionFailure, sentence, statementFailure } from './failures.js';
import { findLibraries } from './libraries.js';
import { migrationsCheck } from './migrations.check.js';
import { findProcessRoles, findSchemas, rolesCheck } from './roles.check.js';
import { clockCheck, durabilityCheck, poolerCheck, versionCheck } from './server.checks.js';
import { Session, within, type DoctorLimits } from './session.js';

export interface DoctorOptions {
  readonly environment: NodeJS.ProcessEnv;
  /** The folder from which the libraries are found. */
  readonly folder: string;
  /** What the modules of the application export: migrations and consumers. */
  readonly exported?: readonly Function[];
  readonly limits?: Partial<DoctorLimits>;
}

export interface DoctorResult extends CheckResult {
  readonly check: string;
}

/** The form of the output with `--json`. */
export interface DoctorReport {
  /** The worst status of all results. */
  readonly status: Exclude<CheckStatus, 'skipped'>;
  /** Null if the settings name no database. */
  readonly database: { readonly database: string; readonly address: string; readonly role: string } | null;
  readonly results: readonly DoctorResult[];
}

const LIMITS: DoctorLimits = { connectMs: 5_000, statementMs: 5_000, lockMs: 2_000, checkMs: 8_000 };

/** Checks an installation. It only reads, and every problem becomes a result. */
export async function examine({ environment, folder, exported = [], limits }: DoctorOptions): Promise<DoctorReport> {
  const given = { ...LIMITS, ...limits };
  let session: Session;
  try {
    session = new Session(loadSettings([DatabaseSettings], environment)[0].databaseUrl, given);
  } catch (error) {
    const cure = 'Set DATABASE_URL, or DATABASE_HOST and its other parts, as for the process. --settings reads them from a file.';
    return report(null, [{ check: 'connection', ...failed(sentence(errorMessage(error)), cure) }]);
  }
  try {
    return report(session.description, await examineDatabase(session, { environment, folder, exported, limits: given }));
  } finally {
    await session.end();
  }
}

async function examineDatabase(session: Session, options: Required<DoctorOptions>): Promise<DoctorResult[]> {
  try {
    await session.connect();
  } catch (error) {
    return [{ check: 'connection', ...connectionFailure(error) }];
  }
  const results: DoctorResult[] = [];
  let processRoles: readonly string[] = [];
  const context = (): CheckContext => ({
    query: (sql, values) => session.query(sql, values),
    environment: options.environment,
    exported: options.exported,
    processRoles,
  });
  const run = async (check: Check): Promise<void> => {
    const found = session.isUsable
      ? await runCheck(session, check, context(), options.limits.checkMs!)
      : connectionEnded(results);
    for (const result of [found].flat()) results.push({ check: check.name, ...result, detail: sentence(result.detail) });
  };
  const libraries = await findLibraries(options.folder);
  const installed = libraries.flatMap(({ checks }) => checks ?? []);
  const schemas = new Set<string>();
  await run({
    name: 'connection',
    async run(current) {
      for (const schema of await findSchemas(current)) schemas.add(schema);
      processRoles = await findProcessRoles(current);
      const { database, address, role } = session.description;
      return passed(`The role ${role} is connected to the database ${database} at ${address}.`);
    },
  });
  if (results.some(({ status }) => status === 'failed')) return results;
  const server = [versionCheck, poolerCheck(session), durabilityCheck, clockCheck];
  for (const check of [...server, rolesCheck, migrationsCheck(installed)]) await run(check);
  for (const { name, checks, problem } of libraries) {
    if (!checks) results.push({ check: name, ...problem! });
    else if (session.isUsable && !schemas.has(checks.schema))
      results.push({
        check: name,
        ...skipped(
          `The database has no schema ${checks.schema}. If the application uses ${checks.library}, pass ${checks.migrations} to migrate().`,
        ),
      });
    else for (const check of checks.checks) await run(check);
  }
  return results;
}

/** A check that could not run is a failure only if no other result is one. */
const connectionEnded = (results: readonly CheckResult[]): CheckResult =>
  results.some(({ status }) => status === 'failed')
    ? skipped('The connection ended before this check.')
    : failed(
        'The connection ended before this check.',
        'Look in the log of the server for the reason, and run the doctor again.',
      );

async function runCheck(
  session: Session,
  check: Check,
  context: CheckContext,
  limitMs: number,
): Promise<CheckResult | readonly CheckResult[]> {
  const timeout = new Error(`The check did not end within ${2 * limitMs} ms.`);
  try {
    return await session.reading(() => within(2 * limitMs, check.run(context), () => session.abandon(timeout)));
  } catch (error) {
    if (error === timeout) return failed(timeout.message, 'Check the network of this machine, and run the doctor again.');
    return statementFailure(error, context.processRoles.includes(session.description.role));
  }
}

function report(database: DoctorReport['database'], results: readonly DoctorResult[]): DoctorReport {
  const has = (status: CheckStatus): boolean => results.some((result) => result.status === status);
  return { status: has('failed') ? 'failed' : has('warning') ? 'warning' : 'ok', database, results };
}
