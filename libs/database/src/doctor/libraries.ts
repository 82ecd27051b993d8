import { errorMessage } from '@pikaia/logging';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { failed, skipped, type CheckResult, type LibraryChecks } from './check.js';
import { sentence } from './failures.js';

/** The libraries that contribute checks, and their export. This package does not depend on them; they depend on it. */
const CONTRIBUTORS = [
  { name: 'events', exported: 'outboxChecks' },
  { name: 'audit', exported: 'auditChecks' },
] as const;

export interface FoundLibrary {
  readonly name: string;
  readonly checks?: LibraryChecks;
  /** Why there are no checks. */
  readonly problem?: CheckResult;
}

/** Loads the checks of the libraries that are installed in `folder` or beside this package. */
export const findLibraries = (folder: string): Promise<FoundLibrary[]> =>
  Promise.all(
    CONTRIBUTORS.map(async ({ name, exported }) => {
      const library = `@pikaia/${name}`;
      try {
        const path = resolveFrom(join(folder, 'doctor.js'), library) ?? resolveFrom(__filename, library);
        if (path === undefined) return { name, problem: skipped(`${library} is not installed.`) };
        const { [exported]: checks } = (await import(pathToFileURL(path).href)) as Record<
          string,
          (() => LibraryChecks) | undefined
        >;
        return checks ? { name, checks: checks() } : { name, problem: skipped(`This version of ${library} has no checks.`) };
      } catch (error) {
        return {
          name,
          problem: failed(
            `${library} cannot be loaded: ${sentence(errorMessage(error))}`,
            'Run npm install, and start the application to see the same error.',
          ),
        };
      }
    }),
  );

function resolveFrom(file: string, library: string): string | undefined {
  try {
    return createRequire(file).resolve(library);
  } catch (error) {
    if ((error as { code?: unknown }).code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}
