import { PikaiaError } from '@pikaia/core';
import { addCommitCheck, type WrittenRecord } from '@pikaia/database';
import type { AnyAuditAction } from './audit-action.js';

const byName = new Map<string, AnyAuditAction>();
const byEvent = new Map<string, AnyAuditAction[]>();

export const isNameTaken = (name: string): boolean => byName.has(name);

export function addAction(action: AnyAuditAction): void {
  byName.set(action.name, action);
  if (action.eventType === undefined) return;
  byEvent.set(action.eventType, [...(byEvent.get(action.eventType) ?? []), action]);
  addCommitCheck(checkEventsAndEntries);
}

/** Returns the actions that this process declares, in the order of their names. */
export const declaredActions = (): AnyAuditAction[] =>
  [...byName.values()].sort((one, other) => (one.name < other.name ? -1 : 1));

/**
 * Checks before a commit that entries and events accompany each other as the actions declare. They belong together if they are about the
 * same aggregate id. Two versions of an event may accompany one entry.
 *
 * @throws PikaiaError `PIKAIA_AUDIT_EVENT_MISSING`, `PIKAIA_AUDIT_ENTRY_MISSING`
 */
function checkEventsAndEntries(records: readonly WrittenRecord[]): void {
  const published = new Set<string>();
  const audited = new Set<string>();
  for (const { kind, name, aggregateId } of records) {
    if (kind === 'event') published.add(keyOf(name, aggregateId));
    else audited.add(keyOf(byName.get(name)?.eventType, aggregateId));
  }
  for (const { kind, name, aggregateId } of records) {
    if (kind === 'event') {
      const actions = byEvent.get(name);
      if (actions && !audited.has(keyOf(name, aggregateId))) throw entryMissing(name, actions, aggregateId);
    } else {
      const action = byName.get(name);
      if (action?.eventType !== undefined && !published.has(keyOf(action.eventType, aggregateId)))
        throw eventMissing(action, aggregateId);
    }
  }
}

const keyOf = (eventType: string | undefined, aggregateId: string): string => `${eventType} ${aggregateId}`;

const eventMissing = ({ name, eventType }: AnyAuditAction, aggregateId: string): PikaiaError =>
  new PikaiaError(
    'PIKAIA_AUDIT_EVENT_MISSING',
    `The transaction recorded ${name} for ${JSON.stringify(aggregateId)} without the event ${eventType} about the same aggregate, which the action declares. It was rolled back. Publish the event in the same transaction.`,
  );

const entryMissing = (eventType: string, actions: readonly AnyAuditAction[], aggregateId: string): PikaiaError =>
  new PikaiaError(
    'PIKAIA_AUDIT_ENTRY_MISSING',
    `The transaction published ${eventType} about ${JSON.stringify(aggregateId)} without an audit entry of ${actions.map(({ name }) => name).join(' or ')} for the same aggregate. It was rolled back. Record the entry in the same transaction; an empty diff records nothing.`,
  );
