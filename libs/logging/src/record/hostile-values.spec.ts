import { context } from '@pikaia/core';
import fc from 'fast-check';
import { getLogger } from '../logger.js';
import { configureLogging } from '../output/log-output.js';
import { captureLogs, type CapturedLogs } from '../testing/index.js';
import { LogField } from './log-fields.js';

const BYTES = 15 * 1_024;
const FLAT_KEYS = 200; // limit of Logs Insights
const EXPECTED: Readonly<Record<string, unknown>> = {
  [LogField.level]: expect.stringMatching(/^(INFO|ERROR)$/),
  [LogField.logger]: 'spec',
  [LogField.event]: expect.stringMatching(/^(happened|failed)$/),
  [LogField.traceId]: 'c1',
  [LogField.userId]: 'u1',
  [LogField.path]: '/x',
  [LogField.service]: 'spec-service',
};
/** The keys that a log platform interprets, and the fields that only this library writes. */
const RESERVED_KEYS = ['status', 'host', 'date', 'dd', 'message', ...Object.values(LogField)];
const CALLER_FIELDS = new Set<string>([
  ...Object.values(LogField).filter((name) => name.startsWith('db.')),
  LogField.duration,
  LogField.eventId,
  LogField.consumer,
  LogField.attempt,
]);
const WRITTEN_BY_LIBRARY = new Set<string>([...Object.keys(EXPECTED), 'timestamp', 'env', 'error.kind', 'error.message', 'error.stack', 'error.code', 'error.constraint', 'error.table', 'exc_info', 'log.truncated', 'http.method']); // prettier-ignore

/** Returns the problems of a line. */
function problemsOf(line: string): string[] {
  const record = JSON.parse(line) as Record<string, unknown>;
  const flat = flattened(record);
  const forged = flat.filter(
    (key) =>
      RESERVED_KEYS.some((name) => key === name || key.startsWith('dd.')) &&
      !CALLER_FIELDS.has(key) &&
      !WRITTEN_BY_LIBRARY.has(key),
  );
  return [
    ...(line.includes('\n') ? ['a newline'] : []),
    ...(Buffer.byteLength(line) > BYTES ? [`${Buffer.byteLength(line)} bytes`] : []),
    ...(flat.length > FLAT_KEYS ? [`${flat.length} keys`] : []),
    ...duplicatesIn(line).map((key) => `${key} twice`),
    ...forged.map((key) => `${key} is a caller's`),
    ...Object.entries(EXPECTED).flatMap(([key, value]) =>
      equals(record[key], value) ? [] : [`${key} is not the expected value`],
    ),
    ...(line.isWellFormed() ? [] : ['half a surrogate pair']),
  ];
}

const fail = (): never => {
  throw new Error('no');
};
const circular: Record<string, unknown> = { deep: [] };
(circular['deep'] as unknown[]).push(circular);
const selfCaused = new Error('round');
selfCaused.cause = selfCaused;
class Hostile extends Error {
  override get message(): string {
    return fail();
  }
  override get stack(): string {
    return fail();
  }
}

const VALUES: readonly unknown[] = [
  new Proxy({}, { ownKeys: fail }),
  new Proxy({}, { get: fail, getPrototypeOf: fail }),
  new Proxy(() => undefined, { get: fail, apply: fail }),
  new Proxy(new Error('x'), { get: fail, getPrototypeOf: fail, ownKeys: fail }),
  Proxy.revocable({}, {}).proxy,
  Object.defineProperty({}, 'broken', { get: fail, enumerable: true }),
  { toJSON: fail },
  { toJSON: (): unknown => ({ toJSON: () => ({}) }) },
  { [Symbol.toPrimitive]: fail, toString: fail, valueOf: fail },
  { get [Symbol.toStringTag]() { return fail(); } }, // prettier-ignore
  JSON.parse('{"__proto__":{"level":"forged"},"constructor":{"prototype":1}}'),
  circular,
  10n ** 3_000n,
  Symbol('\ud800'),
  '\ud800',
  { '\udfff': '\ud83d', '\ud800': 1 },
  'x'.repeat(2_000_000),
  '\u0000'.repeat(50_000),
  '😀'.repeat(20_000),
  Array.from({ length: 10_000 }, () => ({ a: 1 })),
  Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`k${index}`, { a: index, b: [index] }])),
  new Map<unknown, unknown>([[{}, 1], [Symbol('s'), 2]]), // prettier-ignore
  Promise.resolve(),
  new Intl.NumberFormat(),
  new Date(Number.NaN),
  globalThis,
  process,
];

const THROWN: readonly unknown[] = [
  undefined,
  null,
  fail,
  class {},
  new Error('\ud800', { cause: new Error('x'.repeat(50_000)) }),
  selfCaused,
  new Hostile(),
  new AggregateError([new Hostile(), null, 1], ''),
  Object.assign(new Error('code'), { code: { toString: fail }, name: Symbol('s'), driverError: new Proxy({}, { get: fail }) }),
  Object.create(Error.prototype),
  Object.freeze(Object.assign(Object.create(null), { message: 1n, stack: [] })),
  new DOMException('aborted', 'AbortError'),
  { cause: { cause: { cause: circular } }, message: 'no error' },
];

describe('a line with hostile values', () => {
  let logs: CapturedLogs;
  beforeEach(() => {
    configureLogging({ service: 'spec-service', env: 'spec' });
    logs = captureLogs();
  });
  afterEach(() => {
    logs.restore();
    configureLogging({});
  });

  const anything = fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true, withSparseArray: true, withNullPrototype: true, withBoxedValues: true, maxDepth: 4 }); // prettier-ignore
  const value = fc.oneof(
    anything,
    fc.constantFrom(...VALUES),
    fc.constantFrom(...THROWN),
    fc.string({ unit: 'binary', maxLength: 5_000 }),
  );
  const key = fc.oneof(
    fc.constantFrom(...RESERVED_KEYS, '__proto__', 'constructor', 'toJSON', 'usr', 'http', 'error', 'extra.level', 'dd.service', 'extra.dd'), // prettier-ignore
    fc.string({ unit: 'binary', maxLength: 200 }),
  );
  const fields = fc.oneof(fc.dictionary(key, value, { maxKeys: 30 }), value as fc.Arbitrary<Record<string, unknown>>);

  it('any values produce one valid JSON object within the size limits, with unique keys and unforged reserved fields', () => {
    const logger = getLogger('spec');
    const request = { method: 'GET', path: '/x', clientAddress: null };
    const result = fc.check(
      fc.property(fields, fields, value, (inherited, call, thrown) => {
        logs.clear();
        context.run({ correlationId: 'c1', actor: { type: 'user', id: 'u1' }, request }, () => {
          const child = typeof inherited === 'object' && inherited !== null ? logger.child(inherited) : logger;
          child.info('happened', call);
          child.exception('failed', thrown, call);
        });
        expect(logs.lines.length).toBe(2);
        for (const line of logs.lines) expect(problemsOf(line)).toEqual([]);
      }),
      { seed: 15, numRuns: 200, examples: [...VALUES, ...THROWN].map((each) => [{ each }, { each }, each]) },
    );
    if (result.failed) throw result.errorInstance; // fc.assert would fail while it prints the values
  });

  it.each([
    ['a duplicate key', (line: string) => line.replace('{', '{"a":1,"b":{"a":"\\"a\\":"},"a":2,'), 'a twice'],
    ['a forged level', (line: string) => line.replace('INFO', 'FORGED'), 'level is not the expected value'],
    ['a status', (line: string) => line.replace('{', '{"status":"error",'), "status is a caller's"],
    ['a nested trace', (line: string) => line.replace('{', '{"dd":{"trace_id":"1"},'), "dd.trace_id is a caller's"],
    ['too many keys', (line: string) => line.replace('{', `{"list":[${'1,'.repeat(200)}1],`), /^2\d\d keys$/],
    ['a long line', (line: string) => line.replace('{', `{"text":"${'x'.repeat(BYTES)}",`), / bytes$/],
  ])('the check above detects %s', (_what, plant, problem) => {
    context.run({ correlationId: 'c1', actor: { type: 'user', id: 'u1' }, request: { method: 'GET', path: '/x', clientAddress: null } }, () => getLogger('spec').info('happened')); // prettier-ignore
    expect(problemsOf(logs.lines[0]!)).toEqual([]);
    expect(problemsOf(plant(logs.lines[0]!))).toEqual([typeof problem === 'string' ? problem : expect.stringMatching(problem)]);
  });
});

function equals(actual: unknown, expected: unknown): boolean {
  try {
    expect(actual).toEqual(expected);
    return true;
  } catch {
    return false;
  }
}

/** Returns the keys as Logs Insights counts them: dotted paths, with one key for each list item. */
function flattened(value: unknown, path?: string): string[] {
  if (typeof value !== 'object' || value === null) return [path ?? ''];
  const inside = Object.entries(value);
  return inside.length
    ? inside.flatMap(([key, item]) => flattened(item, path === undefined ? key : `${path}.${key}`))
    : [path ?? ''];
}

/** Returns the keys that occur twice in one object of the text. JSON.parse would hide them. */
function duplicatesIn(line: string): string[] {
  const open: Set<string>[] = [];
  const found: string[] = [];
  for (const [token, key] of line.matchAll(/("(?:[^"\\]|\\.)*")\s*:|"(?:[^"\\]|\\.)*"|[{}]/g)) {
    if (token === '{') open.push(new Set());
    else if (token === '}') open.pop();
    else if (key !== undefined) {
      const name = JSON.parse(key) as string;
      if (open.at(-1)!.has(name)) found.push(name);
      open.at(-1)!.add(name);
    }
  }
  return found;
}
