import { PikaiaError } from '@pikaia/core';
import { outsideTransaction } from './transaction/transaction.js';

const LIMIT_MS = 3_000; // load balancers and schedulers give a probe five seconds or so

interface Queryable {
  query(sql: string): Promise<unknown>;
}

/**
 * Asks the database whether it answers, for a readiness probe. Calls at the same time share one statement, so that probes
 * never use up the pool while the server is silent.
 */
export class DatabaseCheck {
  private running: Promise<unknown> | undefined;

  constructor(
    private readonly source: Queryable,
    private readonly limitMs = LIMIT_MS,
  ) {}

  /** @throws PikaiaError `PIKAIA_DATABASE_UNRESPONSIVE` when there is no answer in time, or what the statement throws. */
  async run(limitMs = this.limitMs): Promise<void> {
    this.running ??= outsideTransaction(() => this.source.query('select 1')).finally(() => (this.running = undefined));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(unanswered(limitMs)), limitMs);
    });
    try {
      await Promise.race([this.running, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

const unanswered = (limitMs: number): PikaiaError =>
  new PikaiaError('PIKAIA_DATABASE_UNRESPONSIVE', `The database did not answer within ${limitMs} ms.`);
