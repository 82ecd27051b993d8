import { TransactionHost } from '@nestjs-cls/transactional';
import { inCallerContext } from '@pikaia/core';

/**
 * Each transaction copies the CLS store. All transactions of a store that the application opened share one context, because it
 * exists before the first copy. A transaction outside any context has none: its store is only where it keeps its connection.
 */
const { withTransaction } = TransactionHost.prototype as { withTransaction: (...args: unknown[]) => Promise<unknown> };
TransactionHost.prototype.withTransaction = function (this: TransactionHost, ...args: unknown[]) {
  return inCallerContext(() => withTransaction.apply(this, args));
} as TransactionHost['withTransaction'];
