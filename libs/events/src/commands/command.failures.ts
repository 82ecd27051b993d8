import { PikaiaError } from '@pikaia/core';
import { FencedError } from '../log/cursor.store.js';
import { textOf } from '../delivery/error-fingerprint.js';

const MAX_UNCLEAR_FAILURES = 10; // in a row, of one command

// The database or the connection fails for any statement: connection exceptions, the state of the transaction (read-only),
// conflicts that a retry resolves, a full disk, too many connections, a lock timeout, a shutdown, failures of the system.
const OUTAGE = /^(08|25|40|53100|53300|55P03|57P|58)/;
// A command can cause these, and so can a busy server: not enough memory, a statement that is canceled or exceeds its timeout.
const UNCLEAR = /^(53|57014)/;

type Cause = 'command' | 'database' | 'unclear';

/** Returns the cause of an error that occurred while a command was executed. */
export function causeOf(error: unknown): Cause {
  const state = sqlState(error);
  if (state !== undefined) return OUTAGE.test(state) ? 'database' : UNCLEAR.test(state) ? 'unclear' : 'command';
  if (error instanceof PikaiaError || error instanceof FencedError) return 'database';
  // Our own code meets a value that it cannot process. All other errors without SQLSTATE come from the connection, which a
  // command can also break: a statement that runs for too long, or that crashes its server process.
  return [TypeError, RangeError, SyntaxError].some((kind) => error instanceof kind) ? 'command' : 'unclear';
}

/**
 * Returns the SQLSTATE of a PostgreSQL error. Only such errors have a severity; a Node.js code such as EPIPE looks like an
 * SQLSTATE.
 */
function sqlState(error: unknown): string | undefined {
  const { code, severity } = (error ?? {}) as { code?: unknown; severity?: unknown };
  return typeof code === 'string' && typeof severity === 'string' ? code : undefined;
}

/**
 * Decides which failures end a command and which end the term of the leader. Lives as long as the relay, so that a command that
 * ends one term after another is recognized.
 */
export class CommandFailures {
  private last: { readonly id: string; readonly count: number; readonly reason: string } | undefined;

  /**
   * @returns the reason, if the command fails.
   * @throws the error itself if the database may be the cause. The term ends, and the next leader tries the command again.
   */
  reasonFor(id: string, error: unknown): string {
    const cause = causeOf(error);
    if (cause === 'database') throw error;
    const reason = textOf(error);
    if (cause === 'command') return reason;
    this.last = { id, count: this.last?.id === id ? this.last.count + 1 : 1, reason };
    const verdict = this.verdictOn(id);
    if (verdict === undefined) throw error;
    return verdict;
  }

  /** Returns why the command is not tried again, or undefined if it can be. */
  verdictOn(id: string): string | undefined {
    const { last } = this;
    if (last?.id !== id || last.count < MAX_UNCLEAR_FAILURES) return undefined;
    return `It failed ${last.count} times in a row, last with: ${last.reason}`;
  }

  /** Resets the failure count after the command, or a part of it, was executed. */
  succeeded(id: string): void {
    if (this.last?.id === id) this.last = undefined;
  }
}
