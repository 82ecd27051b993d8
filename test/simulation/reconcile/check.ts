import type { Evidence } from '../evidence.js';

/** The result of one comparison. */
export interface CheckResult {
  readonly name: string;
  /** How many things were compared, and what they are. */
  readonly examined: string;
  /** Each difference as a sentence that names what differs. Empty if all agrees. */
  readonly differences: readonly string[];
  /** Differences that docs/guarantees.md allows. */
  readonly allowed: readonly string[];
}

export type Check = (evidence: Evidence) => CheckResult;

/** Collects the differences of a check. */
export class Differences {
  readonly list: string[] = [];

  expect(holds: boolean, what: () => string): void {
    if (!holds) this.list.push(what());
  }

  equal(actual: unknown, expected: unknown, what: () => string): void {
    if (!isSame(actual, expected)) this.list.push(`${what()}: ${textOf(actual)} instead of ${textOf(expected)}`);
  }

  result(name: string, examined: string, allowed: readonly string[] = []): CheckResult {
    return { name, examined, differences: this.list, allowed };
  }
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
const isTime = (value: unknown): value is string => typeof value === 'string' && TIME.test(value);

/** Compares JSON values. Null equals an absent value, and times are equal in the same millisecond. */
export function isSame(one: unknown, other: unknown): boolean {
  const [first, second] = [one ?? null, other ?? null];
  if (typeof first === 'number' || typeof second === 'number') return String(first) === String(second); // a bigint is text in entries
  if (isTime(first) && isTime(second)) return Date.parse(first) === Date.parse(second);
  return JSON.stringify(first) === JSON.stringify(second);
}

export const textOf = (value: unknown): string => JSON.stringify(value ?? null);
