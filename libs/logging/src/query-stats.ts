import { ContextSlot, type ContextScope } from '@pikaia/core';
import { LogField } from './record/log-fields.js';

/** The time during which at least one of several activities runs. Activities that overlap count once. Times are milliseconds. */
class BusyTime {
  count = 0;
  private running = 0;
  private since = 0; // while an activity runs
  private total = 0; // up to the last time at which none ran

  begin(now: number): void {
    this.count++;
    if (this.running++ === 0) this.since = now;
  }

  end(now: number): void {
    if (--this.running === 0) this.total += now - this.since;
  }

  nanosecondsAt(now: number): number {
    return Math.round((this.running > 0 ? this.total + now - this.since : this.total) * 1e6);
  }
}

interface QueryTotals {
  readonly count: number;
  /** The time during which at least one statement was in flight. */
  readonly nanoseconds: number;
  /** The time during which a transaction was open; absent if there was none. */
  readonly transactionNanoseconds?: number;
}

/** Counts the database statements of one request, event or command. Times are milliseconds of `performance.now()`. */
export class QueryStats {
  private readonly statements = new BusyTime();
  private readonly transactions = new BusyTime();

  begin(nowMs: number): void {
    this.statements.begin(nowMs);
  }

  end(nowMs: number): void {
    this.statements.end(nowMs);
  }

  /** Call it after the response to BEGIN. */
  beginTransaction(nowMs: number): void {
    this.transactions.begin(nowMs);
  }

  /** Call it after the response to COMMIT or ROLLBACK. */
  endTransaction(nowMs: number): void {
    this.transactions.end(nowMs);
  }

  totalsAt(nowMs: number): QueryTotals {
    const { statements, transactions } = this;
    return {
      count: statements.count,
      nanoseconds: statements.nanosecondsAt(nowMs),
      ...(transactions.count > 0 && { transactionNanoseconds: transactions.nanosecondsAt(nowMs) }),
    };
  }
}

const slot = new ContextSlot(() => new QueryStats());

/** Returns the statistics of the current context, in which a database client counts its statements; undefined outside a context. */
export const currentQueryStats = (): QueryStats | undefined => slot.getOrCreate();

type QueryField = typeof LogField.queryCount | typeof LogField.queryDuration | typeof LogField.transactionDuration;
type QueryStatsFields = { readonly [Name in QueryField]?: number };

/** Returns the statistics as fields for the last line of an event or a command; no fields if no statement was sent. */
export function queryStatsFields(): QueryStatsFields {
  const totals = slot.get()?.totalsAt(performance.now());
  if (!totals) return {};
  const { count, nanoseconds, transactionNanoseconds } = totals;
  return {
    [LogField.queryCount]: count,
    [LogField.queryDuration]: nanoseconds,
    ...(transactionNanoseconds !== undefined && { [LogField.transactionDuration]: transactionNanoseconds }),
  };
}

/**
 * Returns the statistics of a request as JSON text, each field with a leading comma.
 *
 * @param duration the nanoseconds of the request. They were measured just before, so a statement in flight could exceed them.
 */
export function queryStatsText(scope: ContextScope, duration: number): string {
  const totals = slot.get(scope)?.totalsAt(performance.now());
  if (!totals) return '';
  const { count, nanoseconds, transactionNanoseconds: inTransaction } = totals;
  const transaction =
    inTransaction === undefined ? '' : `,"${LogField.transactionDuration}":${Math.min(inTransaction, duration)}`;
  return `,"${LogField.queryCount}":${count},"${LogField.queryDuration}":${Math.min(nanoseconds, duration)}${transaction}`;
}
