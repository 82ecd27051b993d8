import { ContextSlot, type ContextScope } from '@pikaia/core';
import { LogField } from '../record/log-fields.js';

/** What one request, event or command has asked of the database. Times are milliseconds of `performance.now()`. */
export class QueryUsage {
  private count = 0;
  private inFlight = 0;
  private elapsedMs = 0; // the ends less the beginnings: with what is in flight ended now, the sum of all durations

  begin(now: number): void {
    this.count++;
    this.inFlight++;
    this.elapsedMs -= now;
  }

  end(now: number): void {
    this.inFlight--;
    this.elapsedMs += now;
  }

  /** A statement that is on its way counts with the time that it has taken so far. */
  totalsAt(now: number): { readonly count: number; readonly nanoseconds: number } {
    return { count: this.count, nanoseconds: Math.round((this.elapsedMs + this.inFlight * now) * 1e6) };
  }
}

const slot = new ContextSlot(() => new QueryUsage());

/** Where what runs a statement counts it: of the context in force; undefined outside any. */
export const queryUsage = (): QueryUsage | undefined => slot.open();

type QueryFields = { readonly [Name in typeof LogField.queryCount | typeof LogField.queryDuration]?: number };

/** For the line that ends an event or a command: how many statements were sent so far, and how long they took. None: nothing. */
export function queryFields(): QueryFields {
  const usage = slot.peek()?.totalsAt(performance.now());
  return usage ? { [LogField.queryCount]: usage.count, [LogField.queryDuration]: usage.nanoseconds } : {};
}

/** The same of a request as JSON text, each field with a comma before it. */
export function queryText(scope: ContextScope): string {
  const usage = slot.peek(scope)?.totalsAt(performance.now());
  return usage ? `,"${LogField.queryCount}":${usage.count},"${LogField.queryDuration}":${usage.nanoseconds}` : '';
}
