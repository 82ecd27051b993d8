import { ContextSlot, type ContextScope } from '@pikaia/core';
import { LogField } from '../record/log-fields.js';

/** Counts the database statements of one request, event or command. Times are milliseconds of `performance.now()`. */
export class QueryUsage {
  private count = 0;
  private inFlight = 0;
  private elapsedMs = 0; // all end times minus all start times; totalsAt adds the statements in flight

  begin(nowMs: number): void {
    this.count++;
    this.inFlight++;
    this.elapsedMs -= nowMs;
  }

  end(nowMs: number): void {
    this.inFlight--;
    this.elapsedMs += nowMs;
  }

  /** Returns the number of statements and the sum of their durations. A statement in flight counts with its duration so far. */
  totalsAt(nowMs: number): { readonly count: number; readonly nanoseconds: number } {
    return { count: this.count, nanoseconds: Math.round((this.elapsedMs + this.inFlight * nowMs) * 1e6) };
  }
}

const slot = new ContextSlot(() => new QueryUsage());

/** Returns the usage of the current context, for a database client to count its statements; undefined outside a context. */
export const queryUsage = (): QueryUsage | undefined => slot.open();

type QueryFields = { readonly [Name in typeof LogField.queryCount | typeof LogField.queryDuration]?: number };

/** Returns the usage as fields for the last line of an event or a command; no fields if no statement was sent. */
export function queryFields(): QueryFields {
  const usage = slot.peek()?.totalsAt(performance.now());
  return usage ? { [LogField.queryCount]: usage.count, [LogField.queryDuration]: usage.nanoseconds } : {};
}

/** Returns the usage of a request as JSON text, each field with a leading comma. */
export function queryText(scope: ContextScope): string {
  const usage = slot.peek(scope)?.totalsAt(performance.now());
  return usage ? `,"${LogField.queryCount}":${usage.count},"${LogField.queryDuration}":${usage.nanoseconds}` : '';
}
