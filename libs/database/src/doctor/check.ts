import type { Session } from './session.js';

/** `skipped`: the check does not apply to this installation, or could not run. */
export type CheckStatus = 'ok' | 'warning' | 'failed' | 'skipped';

export interface CheckResult {
  readonly status: CheckStatus;
  /** What the check found, as a sentence. */
  readonly detail: string;
  /** What to do about it. Every result that is failed or a warning has a cure. */
  readonly cure?: string;
}

/** One check of the doctor. It only reads: it runs in a read-only transaction that is rolled back. */
export interface Check {
  /** Lower-case words joined by hyphens. The name is part of the output with `--json`. */
  readonly name: string;
  /** Returns one result for each thing that it found. */
  run(context: CheckContext): Promise<CheckResult | readonly CheckResult[]>;
}

export interface CheckContext extends Pick<Session, 'query'> {
  readonly environment: NodeJS.ProcessEnv;
  /** Login roles that may use the schemas of the libraries, except their owners. None if one role does everything. */
  readonly processRoles: readonly string[];
  /** The classes and functions that the modules of `--module` export. */
  readonly exported: readonly Function[];
}

/** What a library contributes to the doctor. `@pikaia/events` and `@pikaia/audit` export a function that returns it. */
export interface LibraryChecks {
  /** The name of the package. */
  readonly library: string;
  /** The schema that the migrations of the library create. */
  readonly schema: string;
  /** The function that returns its migrations, such as `outboxMigrations()`. */
  readonly migrations: string;
  readonly migrationNames: readonly string[];
  /** Tables and columns that the code needs, as `requireTables` takes them. */
  readonly requiredTables: readonly string[];
  readonly checks: readonly Check[];
}

export const passed = (detail: string): CheckResult => ({ status: 'ok', detail });
export const skipped = (detail: string): CheckResult => ({ status: 'skipped', detail });
export const warning = (detail: string, cure: string): CheckResult => ({ status: 'warning', detail, cure });
export const failed = (detail: string, cure: string): CheckResult => ({ status: 'failed', detail, cure });
