import type { LogLine } from '../../support/system/service.process.js';
import { Differences, type Check } from './check.js';

/** Events that say that the system is wrong, whatever the fault is. */
const WRONG: ReadonlySet<unknown> = new Set([
  'unhandled_error',
  'uncaught_exception',
  'unhandled_rejection',
  'audit_record_missing',
  'audit_record_undeclared',
  'billing_conflict',
  'event_failed',
]);

const SHOWN = ['http.method', 'http.url_details.path', 'trace_id', 'error.kind', 'error.message', 'error.stack'];

/** While Stripe is down, a webhook fails with an error of its client. */
const isStripeFault = (line: LogLine): boolean => String(line['error.kind']).startsWith('Stripe');

const LATE_MS = 2_000; // the access line can come after the response

/**
 * The processes have printed only log lines, and none of them reports a fault of the code. No line of the api carries the context of a
 * request that had ended long before.
 */
export const checkOutput: Check = ({ lines, otherOutput, calls }) => {
  const differences = new Differences();
  const endOf = new Map<unknown, number>(
    calls.filter(({ status }) => status !== 0).map((call) => [call.correlationId, call.endedAt]),
  );
  for (const text of otherOutput) differences.list.push(`a process has printed ${JSON.stringify(text.slice(0, 200))}`);
  for (const line of lines) {
    const event = String(line['event']);
    const text = SHOWN.map((field) => line[field] ?? '').join(' ');
    if (WRONG.has(event) && !isStripeFault(line)) differences.list.push(`the log has ${event}: ${text}`);
    const lateMs = Date.parse(String(line['timestamp'])) - (endOf.get(line['trace_id']) ?? Infinity);
    if (line['service'] === 'pikaia-api' && lateMs > LATE_MS)
      differences.list.push(`${event} has the context of a request that ended ${Math.round(lateMs)} ms before: ${text}`);
  }
  return differences.result('log', `${lines.length} lines`);
};
