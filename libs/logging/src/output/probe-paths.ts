import { splitList } from '@pikaia/core';

export const DEFAULT_PROBE_PATHS = '/health,/healthz,/livez,/readyz,/api/health';

/** Reads a list of paths that commas separate. `none` stands for no paths, an empty text for the default. */
export function parseProbePaths(text: string | undefined): readonly string[] {
  const given = text?.trim() || DEFAULT_PROBE_PATHS;
  return given === 'none' ? [] : splitList(given);
}

/** The paths that load balancers and orchestrators request all the time. */
export class ProbePaths {
  private readonly exact: ReadonlySet<string>;
  private readonly prefixes: readonly string[];

  constructor(paths: readonly string[]) {
    const trimmed = paths.map((path) => path.trim()).filter(Boolean);
    const rooted = trimmed
      .map((path) => (path.startsWith('/') ? path : `/${path}`))
      .map((path) => path.replace(/(?<=.)\/+$/, ''));
    this.exact = new Set(rooted);
    this.prefixes = rooted.filter((path) => path !== '/').map((path) => `${path}/`);
  }

  /** True for one of the paths and for the paths below it. `/` includes no other path. */
  include(path: string): boolean {
    return this.exact.has(path) || this.prefixes.some((prefix) => path.startsWith(prefix));
  }
}
