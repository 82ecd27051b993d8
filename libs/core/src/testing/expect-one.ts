import { AssertionError } from 'node:assert';
import { inspect, isDeepStrictEqual } from 'node:util';

/**
 * What a value has to be: an equal value, a RegExp for a text, a predicate, a matcher of Jest or Vitest such as `expect.any(String)`, or an
 * object with some of the fields. A list must have as many items as the expected one.
 */
export type Expected<T> =
  | RegExp
  | ((value: T) => unknown)
  | { asymmetricMatch(value: unknown): boolean }
  | (T extends Date ? T : T extends object ? { readonly [Key in keyof T]?: Expected<T[Key]> } : T);

interface Mismatch {
  readonly path: string;
  readonly actual: unknown;
  readonly expected: unknown;
}

/** How an error names the items: `order.placed version 1` that was `published`. */
interface Description {
  readonly name: string;
  readonly verb: string;
  /** The names of items of other kinds, for an error without any item. */
  readonly others?: readonly string[];
}

/**
 * Returns the only item that is as expected.
 *
 * @throws AssertionError that says for each item which fields differ, if none or several are as expected.
 */
export function expectOne<T extends object>(
  { name, verb, others = [] }: Description,
  items: readonly T[],
  expected: Expected<T> | undefined,
): T {
  const found = items.filter((item) => mismatchesOf(item, expected, '').length === 0);
  if (found.length === 1) return found[0]!;
  const fail = (problem: string, details: readonly string[] = []): never => {
    const message = [`${name} was ${problem}`, ...details].join('\n');
    throw new AssertionError({ message, actual: items, expected, operator: 'expectOne', stackStartFn: expectOne });
  };
  if (found.length) return fail(`${verb} ${found.length} times instead of once.`);
  const hint = others.length ? ` These were: ${[...new Set(others)].join(', ')}.` : '';
  if (!items.length) return fail(`not ${verb}.${hint}`);
  return fail(
    `not ${verb} as expected:`,
    items.flatMap((item, index) =>
      mismatchesOf(item, expected, '').map((mismatch) => `  ${index + 1}: ${mismatchText(mismatch)}`),
    ),
  );
}

const mismatchText = ({ path, actual, expected }: Mismatch): string =>
  `${path || 'the whole'} is ${textOf(actual)}, expected ${textOf(expected)}`;

const textOf = (value: unknown): string => inspect(value, { depth: 3, breakLength: Infinity, maxStringLength: 200 });

function mismatchesOf(actual: unknown, expected: unknown, path: string): Mismatch[] {
  if (expected === undefined && path === '') return [];
  const mismatch = [{ path, actual, expected }];
  if (expected instanceof RegExp) {
    const pattern = new RegExp(expected, expected.flags.replace(/[gy]/g, '')); // without the state of the caller's pattern
    return typeof actual === 'string' && pattern.test(actual) ? [] : mismatch;
  }
  if (typeof expected === 'function') return (expected as (value: unknown) => unknown)(actual) ? [] : mismatch;
  if (typeof expected !== 'object' || expected === null || expected instanceof Date)
    return isDeepStrictEqual(actual, expected) ? [] : mismatch;
  if ('asymmetricMatch' in expected && typeof expected.asymmetricMatch === 'function')
    return (expected.asymmetricMatch as (value: unknown) => unknown)(actual) ? [] : mismatch;
  if (typeof actual !== 'object' || actual === null || Array.isArray(actual) !== Array.isArray(expected)) return mismatch;
  if (Array.isArray(expected) && (actual as unknown[]).length !== expected.length) return mismatch;
  return Object.entries(expected).flatMap(([key, value]) => {
    const inner = (actual as Readonly<Record<string, unknown>>)[key];
    return mismatchesOf(inner, value, path === '' ? key : `${path}.${key}`);
  });
}
