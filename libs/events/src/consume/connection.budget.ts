import { PikaiaError } from '@pikaia/core';

/** Connections of the pool that no transaction of a handler takes: for claims, receipts, and the queries of other handlers. */
const RESERVED_CONNECTIONS = 2;

/**
 * Divides the connections of a pool among the consumers whose handlers run in transactions. Each of these consumers always has one
 * connection, however long the handlers of the others run. They share the rest. A handler waits here, and its clock does not run.
 */
export class ConnectionBudget {
  private readonly used = new Map<string, number>();
  private readonly waiting: { readonly consumer: string; readonly start: () => void }[] = [];
  private readonly shared: number;
  private sharedInUse = 0;

  /**
   * @param consumers the names of the consumers with a database effect.
   * @throws PikaiaError `PIKAIA_DATABASE_POOL_TOO_SMALL` if the pool has not one connection for each of them.
   */
  constructor(poolSize: number, consumers: readonly string[]) {
    this.shared = poolSize - RESERVED_CONNECTIONS - consumers.length;
    if (consumers.length && this.shared < 0) throw poolTooSmall(poolSize, consumers);
  }

  /** Waits for a connection of the consumer. @returns a function that gives it back; further calls do nothing. */
  async acquire(consumer: string): Promise<() => void> {
    if (this.mayUse(consumer)) this.add(consumer, 1);
    else await new Promise<void>((start) => this.waiting.push({ consumer, start }));
    let isHeld = true;
    return () => {
      if (isHeld) this.giveBack(consumer);
      isHeld = false;
    };
  }

  private giveBack(consumer: string): void {
    this.add(consumer, -1);
    const next = this.waiting.findIndex((waiting) => this.mayUse(waiting.consumer));
    if (next < 0) return;
    const [waiting] = this.waiting.splice(next, 1);
    this.add(waiting!.consumer, 1);
    waiting!.start();
  }

  private mayUse(consumer: string): boolean {
    return !this.used.get(consumer) || this.sharedInUse < this.shared;
  }

  /** The first connection of a consumer is its own; all others are shared. */
  private add(consumer: string, change: 1 | -1): void {
    const before = this.used.get(consumer) ?? 0;
    this.used.set(consumer, before + change);
    this.sharedInUse += Math.max(0, before + change - 1) - Math.max(0, before - 1);
  }
}

const poolTooSmall = (poolSize: number, consumers: readonly string[]): PikaiaError =>
  new PikaiaError(
    'PIKAIA_DATABASE_POOL_TOO_SMALL',
    `The pool has ${poolSize} connections. These consumers need one each for their transactions, and ${RESERVED_CONNECTIONS} more are reserved for receipts and other queries: ${consumers.join(', ')}. Set DATABASE_POOL_SIZE to at least ${consumers.length + RESERVED_CONNECTIONS}.`,
  );
