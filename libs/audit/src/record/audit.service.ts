import { Injectable } from '@nestjs/common';
import { context, newId, PikaiaError } from '@pikaia/core';
import { afterCommit, writeInTransaction } from '@pikaia/database';
import { getLogger } from '@pikaia/logging';
import { currentRecords, type NothingToRecord } from '../completeness/request-records.js';
import { aggregateOf } from '../diff/audited-entity.decorator.js';
import type { Diff } from '../diff/diff.js';
import { checkAction } from '../entry/action.js';
import type { AggregateReference } from '../entry/aggregate-reference.js';
import { PLATFORM, sealEntry } from '../entry/entry.js';
import { normalId } from '../entry/normal-form.js';
import { INSERT_RECORD } from './insert-record.sql.js';
import { personalRows } from './personal.js';

const logger = getLogger('audit');

/** Writes the audit trail, in the transaction of the change that it describes. */
@Injectable()
export class Audit {
  /**
   * Records that the context's actor did `action` to `aggregate`: an entity marked with `@AuditedEntity`, or
   * `{ type, id }`. Organization, address, user agent and correlation id come from the context too; without an
   * organization the record belongs to the platform. Without `changes` the action changed no fields, as a sign-in.
   *
   * Hostile values never make it fail: they are normalised, and cut at 64 KiB.
   *
   * @returns false, having written nothing, if `changes` is empty; the request is then excused as `unchanged`.
   * @throws PikaiaError `PIKAIA_AUDIT_OUTSIDE_TRANSACTION`; `PIKAIA_AUDIT_ACTOR_MISSING` where nobody is authenticated:
   * strangers must not fill a log that nobody may delete, and a program names itself as an actor of type `system`.
   */
  async record(action: string, aggregate: object, changes?: Diff): Promise<boolean> {
    checkAction(action);
    const about = aggregateOf(aggregate);
    if (changes?.changed.length === 0) {
      this.nothingToRecord('unchanged');
      return false;
    }
    const record = compose(action, about, changes);
    const records = currentRecords();
    await writeInTransaction(
      async (manager) => {
        afterCommit(() => {
          records?.actions.add(action);
          logger.info('audit_recorded', {
            'audit.action': action,
            'audit.record_id': record.id,
            'audit.entry_hash': record.hash.toString('hex'),
          });
        });
        await manager.query(INSERT_RECORD, record.parameters);
      },
      () =>
        new PikaiaError(
          'PIKAIA_AUDIT_OUTSIDE_TRANSACTION',
          `record('${action}') was called outside a transaction, so the record could exist without the change or the change without it. Add @Transactional() to the method that makes the change, and await record().`,
        ),
    );
    return true;
  }

  /** Says why a request that declares an action ends well without a record of it. */
  nothingToRecord(why: NothingToRecord): void {
    const records = currentRecords();
    if (records) records.excuse = why;
  }
}

function compose(action: string, about: AggregateReference, changes: Diff | undefined) {
  const { actor, organizationId, request } = context.current ?? {};
  const correlationId = context.correlationId;
  if (!actor) {
    throw new PikaiaError(
      'PIKAIA_AUDIT_ACTOR_MISSING',
      `record('${action}') was called while nobody is known to act: authenticate first, or bind a system actor: context.bind({ actor: { type: 'system', id: 'stripe' } }).`,
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
