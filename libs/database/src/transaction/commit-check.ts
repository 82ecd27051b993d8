/** An event or an audit entry that a transaction writes. */
export interface WrittenRecord {
  readonly kind: 'event' | 'audit entry';
  /** The type of the event, or the action of the entry. */
  readonly name: string;
  readonly aggregateId: string;
}

/** Compares the records that a transaction writes, without those of savepoints that were rolled back. */
export type CommitCheck = (records: readonly WrittenRecord[]) => void;

const checks = new Set<CommitCheck>();

/**
 * Adds a check to every later transaction of this process that writes an event or an audit entry. It runs directly before COMMIT. If it
 * throws, the transaction is rolled back, and the call that opened it fails with the error. A check that was added before is not added
 * again.
 */
export const addCommitCheck = (check: CommitCheck): void => void checks.add(check);

/** @throws the error of the first check that fails. */
export function runCommitChecks(records: readonly WrittenRecord[]): void {
  if (records.length === 0) return;
  for (const check of checks) check(records);
}
