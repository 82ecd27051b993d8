import type { AnyAuditAction } from '@pikaia/audit';
import type { StoredEntry, StoredEvent } from '../evidence.js';
import { Differences, type Check } from './check.js';

/**
 * Each entry of an action that declares an event has that event, and each such event has an entry: in the same transaction, about the
 * same aggregate, with the same request, organization and actor. One event never accompanies two entries.
 */
export const checkEventsAndEntries =
  (actions: readonly AnyAuditAction[]): Check =>
  ({ events, entries }) => {
    const differences = new Differences();
    const eventOf = new Map(actions.flatMap(({ name, eventType }) => (eventType === undefined ? [] : [[name, eventType]])));
    const required = new Set(eventOf.values());
    const keyOf = ({ txid, aggregateId }: StoredEvent | StoredEntry, type: string): string => `${txid} ${type} ${aggregateId}`;
    const eventsByKey = Map.groupBy(
      events.filter(({ type }) => required.has(type)),
      (event) => keyOf(event, event.type),
    );
    const entriesByKey = Map.groupBy(
      entries.filter(({ action }) => eventOf.has(action)),
      (entry) => keyOf(entry, eventOf.get(entry.action)!),
    );
    for (const key of new Set([...eventsByKey.keys(), ...entriesByKey.keys()])) {
      const [someEvents, someEntries] = [eventsByKey.get(key) ?? [], entriesByKey.get(key) ?? []];
      const [event, entry] = [someEvents[0], someEntries[0]];
      differences.expect(someEvents.length === someEntries.length, () => {
        const [txid, type, id] = key.split(' ');
        return `transaction ${txid} has ${someEvents.length} events ${type} about ${id}, and ${someEntries.length} audit entries`;
      });
      if (!event || !entry) continue;
      for (const field of ['correlationId', 'organizationId', 'actor'] as const)
        differences.equal(
          event[field],
          entry[field],
          () => `${field} of the event ${event.type} ${event.id}, compared with its entry`,
        );
    }
    return differences.result('events and audit entries', `${events.length} events, ${entries.length} entries`);
  };
