import { PikaiaError } from '@pikaia/core';
import { outsideTransaction } from './transaction/transaction.js';

const CHECK_TIMEOUT_MS = 3_000; // load balancers and schedulers usually give a probe about five seconds

interface Queryable {
  query(sql: string): Promise<unknown>;
}

/**
 * Checks that the database responds. Use it for a readiness probe. Concurrent calls share one statement, so that probes never
 * exhaust the connection pool while the server does not respond.
 */
export class DatabaseCheck {
  private running: Promise<unknown> | undefined;

  constructor(
    private readonly source: Queryable,
    private readonly timeoutMs = CHECK_TIMEOUT_MS,
  ) {}

  /**
   * Sends `select 1`.
   *
   * @throws PikaiaError `PIKAIA_DATABASE_UNRESPONSIVE` if no response arrives in time, or the error of the statement.
   */
  async run(timeoutMs = this.timeoutMs): Promise<void> {
    this.running ??= outsideTransaction(() => this.source.query('select 1')).finally(() => (this.running = undefined));
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(unresponsiveError(timeoutMs)), timeoutMs);
    });
    try {
      await Promise.race([this.running, timeout]);
    } finally {
      clearTimeout(timer);
    }
  }
}

const unresponsiveError = (timeoutMs: number): PikaiaError =>
  new PikaiaError('PIKAIA_DATABASE_UNRESPONSIVE', `The database did not respond within ${timeoutMs} ms.`);
