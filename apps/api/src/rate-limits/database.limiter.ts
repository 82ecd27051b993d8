import type { Clock } from '@pikaia/core';
import { outsideTransaction } from '@pikaia/database';
import { errorMessage, getLogger } from '@pikaia/logging';
import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import type { DataSource } from 'typeorm';
import { MemoryLimiter } from './memory.limiter.js';
import type { Quota } from './quota.js';

const logger = getLogger('rate_limits');

// Index: the primary key. Locks: the row of the organization, for this statement. Cost: one row; the table is not logged in the WAL,
// so the commit does not wait for the disk. statement_timestamp() is the same in all its places.
const COUNT = `
insert into rate_limit_window as w (organization_id, consumed, ends_at)
values ($1, $2, statement_timestamp() + $3 * interval '1 millisecond')
on conflict (organization_id) do update set
  consumed = case when w.ends_at <= statement_timestamp() then excluded.consumed else w.consumed + excluded.consumed end,
  ends_at = case when w.ends_at <= statement_timestamp() then excluded.ends_at else w.ends_at end
returning consumed::float8 as consumed, (extract(epoch from ends_at - statement_timestamp()) * 1000)::float8 as reset_ms`;

interface Row {
  readonly consumed: number;
  readonly reset_ms: number;
}

/**
 * Counts organizations in the database, by its clock, so all processes share the window. While the database cannot be used, this
 * process counts alone, in memory. The statement of the library, which this class replaces, compares times of the processes' clocks, and
 * has a name, which a pooler may not support.
 */
export class DatabaseLimiter extends RateLimiterPostgres {
  constructor(
    quota: Quota,
    clock: Clock,
    private readonly source: DataSource,
  ) {
    super({
      storeClient: source,
      storeType: 'client',
      tableCreated: true, // by a migration
      clearExpiredByTimeout: false, // one row for each organization
      keyPrefix: '',
      points: quota.requests,
      duration: quota.windowSeconds,
      insuranceLimiter: new MemoryLimiter(quota, clock),
    });
  }

  /** Called by the library, which falls back to the insurance limiter if the promise is rejected. */
  async _upsert(organizationId: string, points: number, durationMs: number): Promise<Row> {
    try {
      const [row] = await outsideTransaction(() => this.source.query<[Row]>(COUNT, [organizationId, points, durationMs]));
      return row;
    } catch (error) {
      logger.warning('rate_limit_not_shared', { reason: errorMessage(error) });
      throw error;
    }
  }

  _getRateLimiterRes(_key: string, points: number, { consumed, reset_ms: resetMs }: Row): RateLimiterRes {
    return new RateLimiterRes(Math.max(0, this.points - consumed), resetMs, consumed, consumed === points);
  }
}
