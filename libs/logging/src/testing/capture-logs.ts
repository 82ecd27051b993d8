import { AssertionError } from 'node:assert';
import { setTimeout as pause } from 'node:timers/promises';
import { redirectLines } from '../output/log-output.js';
import type { LogLevel } from '../record/log-level.js';
import { isMatch, mismatchedFields, type CapturedRecord, type ExpectedFields } from './matching.js';

const POLL_INTERVAL_MS = 5;
const DEFAULT_TIMEOUT_MS = 5_000;

/** `fields` are those that a record must have, beside others: the same value, a RegExp for a text, or a function that answers whether it fits. */
export interface CapturedLogs extends Disposable {
  /** As they were written, without the newline. */
  readonly lines: readonly string[];
  readonly records: readonly CapturedRecord[];
  /** The records of an event that have the fields. */
  of(event: string, fields?: ExpectedFields): CapturedRecord[];
  /** The one record of it. @throws AssertionError if there is none, or more, with what there was instead. */
  one(event: string, fields?: ExpectedFields): CapturedRecord;
  /** @throws AssertionError if there is one. */
  none(event: string, fields?: ExpectedFields): void;
  /** The first record of it, as soon as it is written. @throws AssertionError after `withinMs`, 5 seconds by default. */
  until(event: string, fields?: ExpectedFields, withinMs?: number): Promise<CapturedRecord>;
  clear(): void;
  /** Ends the capture: records go where they went before. `using logs = captureLogs()` does it by itself. */
  restore(): void;
}

/** Collects the records that this process writes, from `level` up, instead of printing them. Needs no test framework. */
export function captureLogs(level: LogLevel = 'debug'): CapturedLogs {
  const lines: string[] = [];
  const restore = redirectLines({ write: (line) => void lines.push(line), flush: () => undefined }, level);
  const records = (): CapturedRecord[] => lines.map((line) => JSON.parse(line) as CapturedRecord);
  const of = (event: string, fields: ExpectedFields = {}) => records().filter((record) => isMatch(record, event, fields));
  const fail = (what: string, event: string, fields: ExpectedFields, found: unknown): never => {
    throw new AssertionError({
      message: `${what}: ${event}${fieldsText(fields)}\n${mismatchText(records(), event, fields)}`,
      actual: found,
      expected: fields,
      operator: 'captureLogs',
      stackStartFn: fail,
    });
  };
  return {
    lines,
    get records() {
      return records();
    },
    of,
    one(event, fields = {}) {
      const found = of(event, fields);
      return found.length === 1 ? found[0]! : fail(`${found.length || 'no'} records instead of one`, event, fields, found);
    },
    none(event, fields = {}) {
      const found = of(event, fields);
      if (found.length > 0) fail(`${found.length} records instead of none`, event, fields, found);
    },
    async until(event, fields = {}, withinMs = DEFAULT_TIMEOUT_MS) {
      for (const end = performance.now() + withinMs; ; await pause(POLL_INTERVAL_MS)) {
        const [first] = of(event, fields);
        if (first) return first;
        if (performance.now() > end) return fail(`no record within ${withinMs} ms`, event, fields, undefined);
      }
    },
    clear: () => void lines.splice(0),
    restore,
    [Symbol.dispose]: restore,
  };
}

const fieldsText = (fields: ExpectedFields): string =>
  Object.entries(fields).map(([name, value]) => ` ${name}=${value instanceof RegExp ? String(value) : JSON.stringify(value)}`).join(''); // prettier-ignore

/** The records of the event with the fields that do not fit; where it has none, the events that there are. */
function mismatchText(records: readonly CapturedRecord[], event: string, fields: ExpectedFields): string {
  const same = records.filter((record) => record.event === event);
  if (same.length === 0) return `There were: ${[...new Set(records.map((record) => record.event))].join(', ') || 'no records'}.`;
  return same.map((record) => `${event}${fieldsText(Object.fromEntries(mismatchedFields(record, fields).map((name) => [name, record[name]])))}`).join('\n'); // prettier-ignore
}
