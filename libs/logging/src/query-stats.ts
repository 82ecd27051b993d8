import { ContextSlot, type ContextScope } from '@pikaia/core';
import { LogField } from './record/log-fields.js';

/** Counts the database statements of one request, event or command. Times are milliseconds of `performance.now()`. */
export class QueryStats {
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

const slot = new ContextSlot(() => new QueryStats());

/** Returns the statistics of the current context, in which a database client counts its statements; undefined outside a context. */
export const currentQueryStats = (): QueryStats | undefined => slot.getOrCreate();

type QueryStatsFields = { readonly [Name in typeof LogField.queryCount | typeof LogField.queryDuration]?: number };

/** Returns the statistics as fields for the last line of an event or a command; no fields if no statement was sent. */
export function queryStatsFields(): QueryStatsFields {
  const totals = slot.get()?.totalsAt(performance.now());
  return totals ? { [LogField.queryCount]: totals.count, [LogField.queryDuration]: totals.nanoseconds } : {};
}

/** Returns the statistics of a request as JSON text, each field with a leading comma. */
export function queryStatsText(scope: ContextScope): string {
  const totals = slot.get(scope)?.totalsAt(performance.now());
  return totals ? `,"${LogField.queryCount}":${totals.count},"${LogField.queryDuration}":${totals.nanoseconds}` : '';
}
