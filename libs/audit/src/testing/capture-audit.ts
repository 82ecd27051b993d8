import type { DynamicModule } from '@nestjs/common';
import { context, type Actor } from '@pikaia/core';
import { expectOne, type Expected } from '@pikaia/core/testing';
import { afterCommit, isRunningTransaction } from '@pikaia/database';
import { MemoryTransactionsModule } from '@pikaia/database/testing';
import { checkDeclared, type AnyAuditAction, type RecordOptions } from '../action/audit-action.js';
import { Audit, type PreparedRecord } from '../record/audit.service.js';

/** A recorded entry. It contains personal values, but never those of secret fields. */
export interface CapturedEntry {
  /** The name of the action. */
  readonly action: string;
  readonly aggregate: { readonly type: string; readonly id: string };
  readonly actor: Actor;
  /** Absent for the platform. */
  readonly organizationId?: string;
  readonly correlationId: string;
  /** The names of the changed fields. Empty for an action without changes. */
  readonly changed: readonly string[];
  /** The old values. Null for a created entity and for an action without changes. */
  readonly old: Readonly<Record<string, unknown>> | null;
  /** The new values. Null for a removed entity and for an action without changes. */
  readonly new: Readonly<Record<string, unknown>> | null;
}

export interface CapturedAudit {
  /** Import it into the module under test. It provides `Audit`, and `@Transactional()` without a database. */
  readonly module: DynamicModule;
  /** The entries of committed transactions, in the order in which they were recorded. */
  readonly entries: readonly CapturedEntry[];
  clear(): void;
}

/**
 * Captures what a service records in the audit log, without a database. `record` checks as in production and is refused outside
 * `@Transactional()`. An entry of a transaction that is rolled back is not captured. An entry that is recorded through an executor is
 * captured at once. Works with any test framework.
 */
export function captureAudit(): CapturedAudit {
  const entries: CapturedEntry[] = [];

  class CapturingAudit extends Audit {
    protected override async write(record: PreparedRecord, options: RecordOptions): Promise<void> {
      const { executor } = options;
      const entry = toEntry(record);
      if (executor !== undefined && !isRunningTransaction(executor)) return void entries.push(entry);
      await super.write(record, {});
      afterCommit(() => entries.push(entry));
    }
  }

  return {
    module: {
      module: class CapturedAuditModule {},
      global: true,
      imports: [MemoryTransactionsModule],
      providers: [{ provide: Audit, useFactory: () => new CapturingAudit() }],
      exports: [Audit],
    },
    entries,
    clear: () => void (entries.length = 0),
  };
}

/**
 * Returns the only captured entry of an action that is as expected.
 *
 * @param expected some fields of the entry, such as `{ new: { status: 'shipped' } }`, or a predicate.
 * @throws AssertionError that shows the entries of the action if none or several are as expected.
 */
export function expectAudited(
  captured: Pick<CapturedAudit, 'entries'>,
  action: AnyAuditAction,
  expected?: Expected<CapturedEntry>,
): CapturedEntry {
  checkDeclared(action, 'expectAudited()');
  const entries = captured.entries.filter((entry) => entry.action === action.name);
  const others = captured.entries.map((entry) => entry.action);
  return expectOne({ name: action.name, verb: 'recorded', others }, entries, expected);
}

function toEntry({ action, about, changes }: PreparedRecord): CapturedEntry {
  const { actor, organizationId, correlationId } = context.verified;
  const side = (name: 'old' | 'new'): CapturedEntry['old'] =>
    changes?.[name]
      ? Object.assign({}, changes[name], ...[...changes.personal.values()].map((personal) => personal[name]))
      : null;
  return {
    action: action.name,
    aggregate: { type: about.type, id: about.id },
    actor: actor!, // record() is refused without an actor
    ...(organizationId !== undefined && { organizationId }),
    correlationId,
    changed: changes?.changed ?? [],
    old: side('old'),
    new: side('new'),
  };
}
