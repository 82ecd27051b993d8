import { ClsServiceManager } from 'nestjs-cls';

/** Why a request that declares an action may end without a record of it. */
export type NothingToRecord = 'unchanged' | 'duplicate' | 'replayed';

/**
 * What one request has recorded. Inner scopes of nestjs-cls copy the store but share this object, so what is recorded
 * inside a nested transaction is seen where the request ends.
 */
export class RequestRecords {
  /** The actions whose records are committed. */
  readonly actions = new Set<string>();
  excuse: NothingToRecord | undefined;
}

const RECORDS = Symbol('pikaia.audit.records');

export function currentRecords(): RequestRecords | undefined {
  const cls = ClsServiceManager.getClsService();
  return cls.isActive() ? cls.get<RequestRecords | undefined>(RECORDS as never) : undefined;
}

/** Starts to keep what the request records, in the context that is in force. */
export function keepRecords(): RequestRecords {
  const records = new RequestRecords();
  ClsServiceManager.getClsService().set(RECORDS as never, records as never);
  return records;
}
