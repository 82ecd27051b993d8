import { ContextSlot, type ContextScope } from '@pikaia/core';
import { LogField } from './record/log-fields.js';

/** Counts the database statements of one request, event or command. Times are milliseconds of `performance.now()`. */
export class QueryStats {
  private count = 0;
  private inFlight = 0;
  private busySinceMs = 0; // while a statement is in flight
  private busyMs = 0; // up to the last time at which no statement was in flight

  begin(nowMs: number): void {
    this.count++;
    if (this.inFlight++ === 0) this.busySinceMs = nowMs;
  }

  end(nowMs: number): void {
    if (--this.inFlight === 0) this.busyMs += nowMs - this.busySinceMs;
  }

  /**
   * Returns the number of statements, and the time during which at least one of them was in flight. Statements that ran or
   * waited at the same time count once, so the time is never longer than the work.
   */
  totalsAt(nowMs: number): { readonly count: number; readonly nanoseconds: number } {
    const busyMs = this.inFlight > 0 ? this.busyMs + nowMs - this.busySinceMs : this.busyMs;
    return { count: this.count, nanoseconds: Math.round(busyMs * 1e6) };
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

/**
 * Returns the statistics of a request as JSON text, each field with a leading comma.
 *
 * @param duration the nanoseconds of the request. They were measured just before, so a statement in flight could exceed them.
 */
export function queryStatsText(scope: ContextScope, duration: number): string {
  const totals = slot.get(scope)?.totalsAt(performance.now());
  if (!totals) return '';
  return `,"${LogField.queryCount}":${totals.count},"${LogField.queryDuration}":${Math.min(totals.nanoseconds, duration)}`;
}
