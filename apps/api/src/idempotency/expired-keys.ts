import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { context } from '@pikaia/core';
import { errorMessage, getLogger } from '@pikaia/logging';
import { DataSource } from 'typeorm';
import { DELETE_EXPIRED_KEYS } from './idempotency-keys.sql.js';

const logger = getLogger('idempotency');

const INTERVAL_MS = 10_000;
const MAX_ROWS = 10_000; // more than a process stores in an interval

/** Deletes the responses whose keys have expired, at the start of the api and every ten seconds. */
@Injectable()
export class ExpiredKeys implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();

  constructor(@InjectDataSource() private readonly source: DataSource) {}

  onApplicationBootstrap(): void {
    const remove = () => (this.running = context.run({}, () => this.remove()));
    void remove();
    this.timer = setInterval(() => void remove(), INTERVAL_MS).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  /** Deletes the oldest expired keys. Does nothing while another process does so. An error is logged, and the next run tries again. */
  async remove(): Promise<void> {
    try {
      await this.source.query(DELETE_EXPIRED_KEYS, [MAX_ROWS]);
    } catch (error) {
      logger.warning('expired_keys_not_removed', { reason: errorMessage(error) });
    }
  }
}
