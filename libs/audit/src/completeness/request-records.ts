import { ClsServiceManager } from 'nestjs-cls';

/** The reasons for which a successful request may have no record of its declared action. */
export type NothingToRecord = 'unchanged' | 'duplicate' | 'replayed';

/**
 * The audit records of one request. Nested scopes of nestjs-cls copy the store but share this object. So the end of the request
 * sees the records of nested transactions.
 */
export class RequestRecords {
  /** The actions whose records are committed. */
  readonly actions = new Set<string>();
  nothingToRecord: NothingToRecord | undefined;
}

const RECORDS = Symbol('pikaia.audit.records');

export function currentRequestRecords(): RequestRecords | undefined {
  const cls = ClsServiceManager.getClsService();
  return cls.isActive() ? cls.get<RequestRecords | undefined>(RECORDS as never) : undefined;
}

/** Starts the collection of records for the request, in its current context. */
export function startRequestRecords(): RequestRecords {
  const records = new RequestRecords();
  ClsServiceManager.getClsService().set(RECORDS as never, records as never);
  return records;
}
