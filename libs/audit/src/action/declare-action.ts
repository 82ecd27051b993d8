import { eventTypeOf, PikaiaError } from '@pikaia/core';
import { auditedEntityOptions } from '../diff/audited-entity.decorator.js';
import type { AggregateReference } from '../entry/aggregate-reference.js';
import { addAction, isNameTaken } from './action-registry.js';
import { AuditAction, MAX_NAME_CHARACTERS, quoted, type AnyAuditAction, type ChangesRule } from './audit-action.js';

type EntityClass<Entity extends object> = abstract new (...args: never[]) => Entity;

export interface AuditActionOptions<Aggregate, Changes extends ChangesRule> {
  /** The class of the entity, marked with `@AuditedEntity`, or the aggregate type if entries are recorded for `{ type, id }`. */
  readonly aggregate: Aggregate;
  /** `required`: `record` needs a diff. `none`: the action changes no fields, such as a sign-in. */
  readonly changes: Changes;
  /**
   * The contract class of the event that the same transaction must publish about the same aggregate, in any version. The reverse
   * holds too: such an event needs an entry of an action that declares it.
   */
  readonly event?: new () => object;
  /** When the action is recorded, as one sentence for readers of the audit log. */
  readonly description: string;
}

/**
 * Declares an action of the audit log. Declare each action once, and export it from the module of the application that it belongs to.
 *
 * @param name `aggregate.past_verb` in lower case, at most 100 characters. Entries are permanent, so do not change it.
 * @throws PikaiaError `PIKAIA_AUDIT_ACTION_INVALID` if the name is invalid or another action has it, the class of the aggregate has
 * no `@AuditedEntity`, the class of the event has no `@DomainEvent`, or the description is empty.
 */
export function auditAction<Entity extends object, const Changes extends ChangesRule>(
  name: `${string}.${string}`,
  options: AuditActionOptions<EntityClass<Entity>, Changes>,
): AuditAction<Entity, Changes>;
export function auditAction<const Type extends string, const Changes extends ChangesRule>(
  name: `${string}.${string}`,
  options: AuditActionOptions<Type, Changes>,
): AuditAction<AggregateReference<Type>, Changes>;
export function auditAction(
  name: string,
  { aggregate, changes, event, description }: AuditActionOptions<string | Function, ChangesRule>,
): AnyAuditAction {
  const aggregateType = typeof aggregate === 'function' ? auditedEntityOptions(aggregate)?.type : aggregate;
  const eventType = event === undefined ? undefined : eventTypeOf(event);
  const refuse = (why: string): PikaiaError => new PikaiaError('PIKAIA_AUDIT_ACTION_INVALID', `${quoted(name)} ${why}.`);
  if (!isValidName(name))
    throw refuse("is not a valid action: use lower case, the aggregate type and a past verb, such as 'member.role_changed'");
  if (isNameTaken(name)) throw refuse('is declared twice: import the first declaration, or choose another name');
  if (typeof aggregateType !== 'string' || aggregateType.trim() === '')
    throw refuse('has no aggregate: name its type, or a class that is marked with @AuditedEntity');
  if (!['required', 'none'].includes(changes)) throw refuse("must set changes to 'required' or 'none'");
  if (event !== undefined && eventType === undefined)
    throw refuse(`names ${quoted(event?.name)} as its event, which is not a class with @DomainEvent`);
  if (typeof description !== 'string' || description.trim() === '') throw refuse('has no description');
  const action = new AuditAction<never>(name, aggregateType, changes, eventType, description);
  addAction(action);
  return action;
}

const NAME = /^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$/;

const isValidName = (name: unknown): boolean => typeof name === 'string' && name.length <= MAX_NAME_CHARACTERS && NAME.test(name);
