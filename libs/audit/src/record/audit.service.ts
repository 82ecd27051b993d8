import { Injectable } from '@nestjs/common';
import { context, newId, PikaiaError } from '@pikaia/core';
import { afterCommit, isRunningTransaction, writeThroughExecutor, writeWithCommit } from '@pikaia/database';
import { getLogger } from '@pikaia/logging';
import {
  checkDeclared,
  type AnyAuditAction,
  type AuditAction,
  type ChangesArgument,
  type ChangesRule,
  type RecordOptions,
} from '../action/audit-action.js';
import { requestRecords, type NothingToRecord } from '../completeness/request-records.js';
import { aggregateOf } from '../diff/audited-entity.decorator.js';
import { Diff, isEmpty } from '../diff/diff.js';
import type { AggregateReference } from '../entry/aggregate-reference.js';
import { PLATFORM, sealEntry } from '../entry/entry.js';
import { normalId } from '../entry/normal-form.js';
import { INSERT_RECORD, INSERT_RECORD_THROUGH_EXECUTOR } from './insert-record.sql.js';
import { personalRows } from './personal.js';

const logger = getLogger('audit');

/** A valid record, and what is stored of it. */
export interface PreparedRecord {
  readonly action: AnyAuditAction;
  readonly about: AggregateReference;
  readonly changes: Diff | undefined;
  readonly id: string;
  readonly hash: Buffer;
  readonly parameters: unknown[];
}

/** Writes audit records in the transaction of the change that they describe. */
@Injectable()
export class Audit {
  /**
   * Records that the actor of the context did `action` to `aggregate`. Organization, client address, user agent and
   * correlation id also come from the context. Without an organization, the record belongs to the platform.
   *
   * The record is sent before the next statement of the transaction, or together with COMMIT. If the server refuses it, the
   * transaction fails. No value of `changes` makes the call fail: values are normalized, and large ones truncated so that the entry
   * fits in 64 KiB.
   *
   * @param action a result of `auditAction`. It decides which aggregates the call accepts, and whether `changes` is needed.
   * @param aggregate an entity marked with `@AuditedEntity`, or `{ type, id }`.
   * @param rest the changes if the action requires them, and then the options. `executor`: writes the record at once in the executor's
   * transaction. The record then counts for the route's `@Audited` declaration although the transaction may still be rolled back, and
   * the check of entries against events before a commit does not include it.
   * @returns false if `changes` is empty: then nothing is written. That does not satisfy the route's `@Audited` declaration. A
   * route that finds nothing to change calls `nothingToRecord` itself, because only it knows of changes that the diff does not
   * contain, such as relations without a policy.
   * @throws PikaiaError `PIKAIA_AUDIT_OUTSIDE_TRANSACTION` if no transaction is open. An executor is a pool, or an idle client.
   * @throws PikaiaError `PIKAIA_EXECUTOR_INVALID` if the executor has no usable `query`.
   * @throws PikaiaError `PIKAIA_AUDIT_ACTOR_MISSING` if the context has no actor. Unauthenticated callers must not fill a log
   * from which nothing can be deleted. A program binds an actor of type `system`.
   * @throws PikaiaError `PIKAIA_AUDIT_AGGREGATE_INVALID` if the aggregate has no usable id, or not the type that the action declares.
   * @throws PikaiaError `PIKAIA_AUDIT_ACTION_UNDECLARED`, `PIKAIA_AUDIT_CHANGES_INVALID` if a caller without type checks passes
   * another action than a declared one, or changes that do not match it.
   * @throws PikaiaError `PIKAIA_CONTEXT_INVALID` if an id of the context is not usable.
   */
  async record<Target extends object, Changes extends ChangesRule>(
    action: AuditAction<Target, Changes>,
    aggregate: NoInfer<Target>,
    ...rest: ChangesArgument<Changes>
  ): Promise<boolean> {
    checkDeclared(action, 'record()');
    const { changes, options } = readArguments(action, rest);
    const about = aggregateOf(aggregate);
    checkAgainst(action, about, changes);
    if (changes && isEmpty(changes)) return false;
    await this.write({ action, about, changes, ...buildRecord(action.name, about, changes) }, options);
    return true;
  }

  /** Writes a record in the transaction of the executor, or else in the running one. */
  protected async write({ action, about, id, hash, parameters }: PreparedRecord, { executor }: RecordOptions): Promise<void> {
    const { name } = action;
    const write = { call: `record(${name})`, parameters };
    const records = requestRecords.get();
    const noteRecord = (): void => {
      records?.actions.add(action);
      logger.info('audit_recorded', {
        'audit.action': name,
        'audit.record_id': id,
        'audit.entry_hash': hash.toString('hex'),
      });
    };
    if (executor !== undefined && !isRunningTransaction(executor)) {
      await writeThroughExecutor(executor, { ...write, sql: INSERT_RECORD_THROUGH_EXECUTOR }, () => executorIsIdle(name));
      return noteRecord();
    }
    const record = { kind: 'audit entry', name, aggregateId: about.id } as const;
    writeWithCommit({ ...write, sql: INSERT_RECORD, record }, () => outsideTransaction(name));
    afterCommit(noteRecord);
  }

  /**
   * States why this request succeeds without a record of the action that its route declares. Call it in the code of the route that
   * found nothing to change, never because `record` returned false.
   */
  nothingToRecord(reason: NothingToRecord): void {
    const records = requestRecords.get();
    if (records) records.nothingToRecord = reason;
  }
}

const outsideTransaction = (name: string): PikaiaError =>
  new PikaiaError(
    'PIKAIA_AUDIT_OUTSIDE_TRANSACTION',
    `record('${name}') was called outside a transaction, so the change and its record would not be atomic. Add @Transactional() to the method that makes the change, and await record().`,
  );

const executorIsIdle = (name: string): PikaiaError =>
  new PikaiaError(
    'PIKAIA_AUDIT_OUTSIDE_TRANSACTION',
    `record('${name}') got an executor that has no open transaction: it is a pool or a data source, BEGIN was not sent, or the transaction has ended. Pass the client or manager in which the transaction is open, and await record() before you commit.`,
  );

/** Reads the arguments behind the aggregate. An action that is declared without changes takes only options. */
function readArguments(
  { changes: rule }: AnyAuditAction,
  rest: readonly unknown[],
): { readonly changes: Diff | undefined; readonly options: RecordOptions } {
  const [first, second] = rest as readonly [(Diff & RecordOptions)?, RecordOptions?];
  const takesOptionsFirst = rule === 'none' && !(first instanceof Diff);
  return takesOptionsFirst ? { changes: undefined, options: first ?? {} } : { changes: first, options: second ?? {} };
}

/** Checks what TypeScript checks for typed callers, and the type of the aggregate, which only its decorator names. */
function checkAgainst(action: AnyAuditAction, about: AggregateReference, changes: unknown): void {
  if (about.type !== action.aggregateType) {
    throw new PikaiaError(
      'PIKAIA_AUDIT_AGGREGATE_INVALID',
      `record('${action.name}') was given an aggregate of type ${JSON.stringify(about.type)}; the action is declared for ${JSON.stringify(action.aggregateType)}.`,
    );
  }
  if (action.changes === 'required' ? changes instanceof Diff : changes === undefined) return;
  throw new PikaiaError(
    'PIKAIA_AUDIT_CHANGES_INVALID',
    action.changes === 'required'
      ? `record('${action.name}') was called without changes, and the action requires them: pass diff(before, after).`
      : `record('${action.name}') was given changes, and the action is declared without them: omit them, or declare changes: 'required'.`,
  );
}

function buildRecord(action: string, about: AggregateReference, changes: Diff | undefined) {
  const { actor, organizationId, request, correlationId } = context.verified;
  if (!actor) {
    throw new PikaiaError(
      'PIKAIA_AUDIT_ACTOR_MISSING',
      `record('${action}') was called in a context without an actor. Authenticate first, or bind a system actor: context.bind({ actor: { type: 'system', id: 'stripe' } }).`,
    );
  }
  const id = newId();
  const organization = normalId(organizationId ?? PLATFORM);
  const actorId = normalId(actor.id);
  const aggregate = { type: about.type, id: normalId(about.id) };
  const personal = personalRows({ actor, request, aggregate: about, diff: changes?.personal ?? new Map() });
  const { text, hash } = sealEntry({
    id,
    action,
    actor: { type: actor.type, id: actorId },
    aggregate,
    organization_id: organization,
    correlation_id: correlationId,
    changed: changes?.changed ?? [],
    diff: { old: changes?.old ?? null, new: changes?.new ?? null },
    personal: Object.fromEntries(personal.map(({ subject, hash: keyed }) => [subject, keyed])),
  });
  const columns = [id, organization, action, aggregate.type, aggregate.id, actor.type, actorId, correlationId, text, hash];
  const subjects = [personal.map((row) => row.subject), personal.map((row) => row.salt), personal.map((row) => row.fields)];
  const parameters: unknown[] = [...columns, changes?.changed ?? [], ...subjects];
  return { id, hash, parameters };
}
