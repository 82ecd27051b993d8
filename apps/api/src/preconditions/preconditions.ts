import { ContextSlot } from '@pikaia/core';
import { Problem } from '../errors/problem.js';
import { type EntityTags, etagOf, matchesStrongly, matchesWeakly } from './entity-tags.js';

interface Preconditions {
  ifMatch?: EntityTags;
  ifNoneMatch?: EntityTags;
}

/** The preconditions of the current request, if it changes a resource with an ETag. */
export const preconditions = new ContextSlot((): Preconditions => ({}));

/**
 * Evaluates the preconditions of the current request. Call it in the transaction of the change, after the resource is locked.
 * Without a precondition it does nothing, so other callers of a service, such as webhooks, are not affected.
 *
 * @param represent returns what a GET of the resource responds with.
 * @throws Problem 412 with the current ETag.
 */
export function checkPreconditions(represent: () => object): void {
  const { ifMatch, ifNoneMatch } = preconditions.get() ?? {};
  if (ifMatch === undefined && ifNoneMatch === undefined) return;
  const etag = etagOf(represent());
  if (ifMatch !== undefined && !matchesStrongly(ifMatch, etag)) throw Problem.preconditionFailed(etag);
  if (ifNoneMatch !== undefined && matchesWeakly(ifNoneMatch, etag)) throw Problem.preconditionFailed(etag);
}
