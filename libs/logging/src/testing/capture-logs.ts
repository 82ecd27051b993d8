import { AssertionError } from 'node:assert';
import { setTimeout as pause } from 'node:timers/promises';
import { redirectLines } from '../output/log-output.js';
import type { LogLevel } from '../record/log-level.js';
import { isMatch, mismatchedFields, type CapturedRecord, type ExpectedFields } from './matching.js';

const POLL_INTERVAL_MS = 5;
const DEFAULT_TIMEOUT_MS = 5_000;

/**
 * The captured records. `fields` selects records by their fields: an equal value, a RegExp for a text, or a predicate. A
 * record can have further fields.
 */
export interface CapturedLogs extends Disposable {
  /** The lines as written, without the newline. */
  readonly lines: readonly string[];
  readonly records: readonly CapturedRecord[];
  /** Returns the matching records of an event. */
  of(event: string, fields?: ExpectedFields): CapturedRecord[];
  /** Returns the only matching record. @throws AssertionError that lists the existing records if none or several match. */
  one(event: string, fields?: ExpectedFields): CapturedRecord;
  /** @throws AssertionError if a record matches. */
  none(event: string, fields?: ExpectedFields): void;
  /** Waits for the first matching record. @throws AssertionError after `timeoutMs`, 5 seconds by default. */
  until(event: string, fields?: ExpectedFields, timeoutMs?: number): Promise<CapturedRecord>;
  clear(): void;
  /** Ends the capture and restores the previous output. `using logs = captureLogs()` calls it at the end of the block. */
  restore(): void;
}

/** Collects the records of this process from `level` up instead of printing them. Works with any test framework. */
export function captureLogs(level: LogLevel = 'debug'): CapturedLogs {
  const lines: string[] = [];
  const restore = redirectLines({ write: (line) => void lines.push(line), flush: () => undefined }, level);
  const records = (): CapturedRecord[] => lines.map((line) => JSON.parse(line) as CapturedRecord);
  const of = (event: string, fields: ExpectedFields = {}) => records().filter((record) => isMatch(record, event, fields));
  const fail = (problem: string, event: string, fields: ExpectedFields, found: unknown): never => {
    throw new AssertionError({
      message: `${problem}: ${event}${fieldsText(fields)}\n${mismatchText(records(), event, fields)}`,
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
    async until(event, fields = {}, timeoutMs = DEFAULT_TIMEOUT_MS) {
      for (const end = performance.now() + timeoutMs; ; await pause(POLL_INTERVAL_MS)) {
        const [first] = of(event, fields);
        if (first) return first;
        if (performance.now() > end) return fail(`no record within ${timeoutMs} ms`, event, fields, undefined);
      }
    },
    clear: () => void lines.splice(0),
    restore,
    [Symbol.dispose]: restore,
  };
}

const fieldsText = (fields: ExpectedFields): string =>
  Object.entries(fields).map(([name, value]) => ` ${name}=${value instanceof RegExp ? String(value) : JSON.stringify(value)}`).join(''); // prettier-ignore

/** Describes the records of the event by their mismatched fields. Lists the existing events if the event has no record. */
function mismatchText(records: readonly CapturedRecord[], event: string, fields: ExpectedFields): string {
  const same = records.filter((record) => record.event === event);
  if (same.length === 0) return `There were: ${[...new Set(records.map((record) => record.event))].join(', ') || 'no records'}.`;
  return same.map((record) => `${event}${fieldsText(Object.fromEntries(mismatchedFields(record, fields).map((name) => [name, record[name]])))}`).join('\n'); // prettier-ignore
}
