import { addCommitCheck, afterCommit, currentManager, inTransaction } from '@pikaia/database';
import type { DataSource, EntitySubscriberInterface, InsertEvent, QueryRunner, RemoveEvent, UpdateEvent } from 'typeorm';
import { declaredActions } from '../action/action-registry.js';
import { auditedEntityOptions, idOf } from '../diff/audited-entity.decorator.js';
import { normalId } from '../entry/normal-form.js';

/** A committed change of an entity with `@AuditedEntity` without an entry about it in the same transaction. */
export interface UnrecordedChange {
  readonly type: string;
  /** Undefined for a bulk update or delete. */
  readonly id: string | undefined;
  readonly change: 'inserted' | 'updated' | 'removed';
}

export interface AuditedEntityWatch {
  /** The changes since the start of the watch, in the order of the statements. */
  readonly unrecorded: readonly UnrecordedChange[];
  stop(): void;
}

export interface WatchOptions {
  /** Entities whose changes are in the entries of others, as those of `joinDiffs` are. */
  readonly except?: readonly Function[];
}

const recordedIn = new WeakMap<QueryRunner, Map<string, Set<string>>>();

/**
 * Reports entities with `@AuditedEntity` that change without an audit entry: those that TypeORM inserts, updates or removes, also by a
 * query builder. A change needs an entry about the same aggregate in the same `@Transactional()` method. A bulk change needs an entry about
 * an aggregate of the type. A change outside `@Transactional()` is always reported. SQL of the application is not watched.
 */
export function watchAuditedEntities(dataSource: DataSource, { except = [] }: WatchOptions = {}): AuditedEntityWatch {
  addCommitCheck(noteEntries);
  const unrecorded: UnrecordedChange[] = [];
  const note = (change: UnrecordedChange['change'], { metadata, queryRunner, ...event }: EntityEvent): void => {
    const options = typeof metadata.target === 'function' ? auditedEntityOptions(metadata.target) : undefined;
    if (!options || except.includes(metadata.target as Function)) return;
    const id = [event.entity, event.databaseEntity].map((entity) => idIn(entity, options)).find((one) => one !== undefined);
    const found = { type: options.type, id, change };
    if (!inTransaction() || currentManager().queryRunner !== queryRunner) return void unrecorded.push(found);
    afterCommit(() => {
      const ids = recordedIn.get(queryRunner)?.get(options.type);
      if (id === undefined ? !ids : !ids?.has(normalId(id))) unrecorded.push(found);
    });
  };
  const subscriber: EntitySubscriberInterface = {
    afterInsert: (event: InsertEvent<object>) => note('inserted', event),
    afterUpdate: (event: UpdateEvent<object>) => note('updated', event),
    afterSoftRemove: (event) => note('updated', event),
    afterRecover: (event) => note('updated', event),
    afterRemove: (event: RemoveEvent<object>) => note('removed', event),
  };
  dataSource.subscribers.push(subscriber);
  return { unrecorded, stop: () => void dataSource.subscribers.splice(dataSource.subscribers.indexOf(subscriber), 1) };
}

type EntityEvent = Pick<InsertEvent<object>, 'metadata' | 'queryRunner'> & {
  readonly entity?: object | undefined;
  readonly databaseEntity?: object | undefined;
};

function idIn(entity: object | undefined, options: Parameters<typeof idOf>[1]): string | undefined {
  try {
    return entity && idOf(entity, options, (property, problem) => new NoId(`${property} ${problem}`));
  } catch (error) {
    if (error instanceof NoId) return undefined; // an entity that was removed, or the values of a bulk update
    throw error;
  }
}

class NoId extends Error {}

/** Notes before a commit which aggregates have entries in the transaction. */
const noteEntries: Parameters<typeof addCommitCheck>[0] = (records) => {
  const runner = currentManager().queryRunner;
  if (!runner) return;
  const typeOf = new Map(declaredActions().map(({ name, aggregateType }) => [name, aggregateType]));
  const recorded = new Map<string, Set<string>>();
  for (const { kind, name, aggregateId } of records) {
    const type = kind === 'audit entry' ? typeOf.get(name) : undefined;
    if (type !== undefined) recorded.set(type, (recorded.get(type) ?? new Set<string>()).add(normalId(aggregateId)));
  }
  recordedIn.set(runner, recorded);
};
