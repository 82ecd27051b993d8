import { PikaiaError } from '@pikaia/core';
import type { SqlExecutor } from '@pikaia/database';
import type { Diff } from '../diff/diff.js';

/** Whether an action is recorded with the changes of its aggregate. */
export type ChangesRule = 'required' | 'none';

export interface RecordOptions {
  /** The transaction of code that does not use `@Transactional()`. The caller commits it or rolls it back. */
  readonly executor?: SqlExecutor;
}

/** The arguments of `record` behind the aggregate. */
export type ChangesArgument<Changes extends ChangesRule> = Changes extends 'required'
  ? [changes: Diff, options?: RecordOptions]
  : [options?: RecordOptions];

/** A declared action; see auditAction. */
export class AuditAction<in Target extends object, out Changes extends ChangesRule = ChangesRule> {
  declare protected readonly accepts: (target: Target) => Changes;

  /** @internal */
  constructor(
    readonly name: string,
    readonly aggregateType: string,
    readonly changes: ChangesRule,
    readonly eventType: string | undefined,
    readonly description: string,
  ) {
    Object.freeze(this);
  }
}

/** Any declared action. */
export type AnyAuditAction = AuditAction<never>;

/** @throws PikaiaError `PIKAIA_AUDIT_ACTION_UNDECLARED` unless `action` is a result of `auditAction`. */
export function checkDeclared(action: unknown, call: string): asserts action is AnyAuditAction {
  if (action instanceof AuditAction) return;
  throw new PikaiaError(
    'PIKAIA_AUDIT_ACTION_UNDECLARED',
    `${call} was given ${quoted(action)}, which is not a declared action. Declare it with auditAction() and pass the result.`,
  );
}

export const MAX_NAME_CHARACTERS = 100;

/** The text of a value for an error message. */
export const quoted = (value: unknown): string =>
  typeof value === 'string' ? JSON.stringify(value.slice(0, MAX_NAME_CHARACTERS)) : value === null ? 'null' : typeof value;
