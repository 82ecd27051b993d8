import type { Clock } from '@pikaia/core';
import { getLogger } from '@pikaia/logging';
import type { DataSource } from 'typeorm';
import { DELETE_EXPIRED_KEYS } from './idempotency-keys.sql.js';

const logger = getLogger('idempotency');

const INTERVAL_MS = 10_000;
const MAX_ROWS = 10_000; // more than a process stores between two calls

/** Deletes the responses whose keys have expired. Requests that store a response call it, so that it needs no scheduler. */
export class ExpiredKeys {
  private nextAt = 0;

  constructor(
    private readonly source: DataSource,
    private readonly clock: Clock,
  ) {}

  /**
   * Deletes the oldest expired keys, at most once in ten seconds. Does nothing while another process does so. An error is logged,
   * because no request depends on it.
   */
  async remove(): Promise<void> {
    const now = this.clock.monotonic();
    if (now < this.nextAt) return;
    this.nextAt = now + INTERVAL_MS;
    try {
      await this.source.query(DELETE_EXPIRED_KEYS, [MAX_ROWS]);
    } catch (error) {
      logger.exception('expired_keys_not_removed', error);
    }
  }
}
