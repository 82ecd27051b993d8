import { ContextSlot } from '@pikaia/core';
import type { AnyAuditAction } from '../action/audit-action.js';

/** The reasons for which a successful request may have no record of its declared action. */
export type NothingToRecord = 'unchanged' | 'duplicate' | 'replayed';

/** The audit records of one request. */
interface RequestRecords {
  /** The actions whose records are committed. */
  readonly actions: Set<AnyAuditAction>;
  nothingToRecord?: NothingToRecord;
}

/** The records of the current request. */
export const requestRecords = new ContextSlot((): RequestRecords => ({ actions: new Set() }));
