import { setEventType } from '@pikaia/core';
import { expectTypeOf } from 'expect-type';
import { memberInvited, memberSignedIn, planChanged, SpecMember } from '../../../../test/support/audit/audit.application.js';
import { Audited } from '../completeness/audited.decorator.js';
import { AuditedEntity } from '../diff/audited-entity.decorator.js';
import type { Diff } from '../diff/diff.js';
import type { Audit } from '../record/audit.service.js';
import { declaredActions } from './action-registry.js';
import type { AnyAuditAction, AuditAction } from './audit-action.js';
import { auditAction } from './declare-action.js';

class BadgeIssued {}
setEventType(BadgeIssued, 'badge.issued');

@AuditedEntity({ type: 'badge' })
class Badge {
  id = 'b-1';
  color = 'red';
}

const badgeIssued = auditAction('badge.issued', {
  aggregate: Badge,
  changes: 'required',
  event: BadgeIssued,
  description: 'A badge is issued.',
});

describe('auditAction', () => {
  it('returns the declared action, which declaredActions lists', () => {
    expect(badgeIssued).toMatchObject({
      name: 'badge.issued',
      aggregateType: 'badge',
      changes: 'required',
      eventType: 'badge.issued',
      description: 'A badge is issued.',
    });
    expect(Object.isFrozen(badgeIssued)).toBe(true);
    expect(planChanged).toMatchObject({ aggregateType: 'plan', changes: 'none', eventType: undefined });
    const names = declaredActions().map(({ name }) => name);
    expect(names).toEqual(names.toSorted());
    expect(declaredActions()).toContain(badgeIssued);
  });

  it('refuses a second action of the same name', () => {
    expect(() => auditAction('badge.issued', { aggregate: 'badge', changes: 'none', description: 'Again.' })).toThrow(
      expect.objectContaining({ code: 'PIKAIA_AUDIT_ACTION_INVALID', message: expect.stringContaining('declared twice') }),
    );
  });

  class Unmarked {}
  it.each<[string, unknown, Record<string, unknown>]>([
    ['without a dot', 'invited', {}],
    ['with capital letters', 'Badge.Issued', {}],
    ['without a verb', 'badge.', {}],
    ['with a space', 'badge issued.now', {}],
    ['with a letter outside ASCII', 'badge.geändert', {}],
    ['of 101 characters', `badge.${'x'.repeat(95)}`, {}],
    ['that is not text', 7, {}],
    ['whose entity is not marked', 'badge.lost', { aggregate: Unmarked }],
    ['whose aggregate type is blank', 'badge.lost', { aggregate: ' \t' }],
    ['without an aggregate', 'badge.lost', { aggregate: undefined }],
    ['with an unknown rule for changes', 'badge.lost', { changes: 'optional' }],
    ['whose event is not a contract', 'badge.lost', { event: Unmarked }],
    ['whose event is null', 'badge.lost', { event: null }],
    ['whose event class inherits from a contract', 'badge.lost', { event: class extends BadgeIssued {} }],
    ['with a blank description', 'badge.lost', { description: ' ' }],
  ])('refuses an action %s, and does not declare it', (_, name, options) => {
    const valid = { aggregate: 'badge', changes: 'none', description: 'A badge is lost.' };
    expect(() => auditAction(name as never, { ...valid, ...options } as never)).toThrow(
      expect.objectContaining({ code: 'PIKAIA_AUDIT_ACTION_INVALID' }),
    );
    expect(declaredActions().map((action) => action.name)).not.toContain(name);
  });
});

describe('the types of record and @Audited', () => {
  const calls: [string, (audit: Audit, badge: Badge, changes: Diff) => unknown][] = [
    ['the declared entity and its changes', (audit, badge, changes) => audit.record(badgeIssued, badge, changes)],
    ['a reference of the declared type', (audit) => audit.record(planChanged, { type: 'plan', id: '1' })],
  ];
  it.each(calls)('accept %s', (_, call) => expect(call).toBeInstanceOf(Function));

  it('refuse an undeclared action, another aggregate, and changes that do not match the declaration', () => {
    const refused = (audit: Audit, badge: Badge, member: SpecMember, changes: Diff): unknown[] => [
      // @ts-expect-error a name is not an action
      audit.record('badge.issued', badge, changes),
      // @ts-expect-error an object is not an action, whatever its fields are
      audit.record({ ...badgeIssued }, badge, changes),
      // @ts-expect-error the entity has another class
      audit.record(badgeIssued, member, changes),
      // @ts-expect-error the reference has another type
      audit.record(planChanged, { type: 'plans', id: '1' }),
      // @ts-expect-error the changes are missing
      audit.record(badgeIssued, badge),
      // @ts-expect-error the action is declared without changes
      audit.record(memberSignedIn, member, changes),
      // @ts-expect-error any action accepts no aggregate, because its type is unknown
      audit.record(badgeIssued as AnyAuditAction, badge, changes),
      // @ts-expect-error a name is not an action
      Audited('badge.issued'),
      // @ts-expect-error there is no action
      Audited(),
      // @ts-expect-error the name has no verb
      auditAction('badge', { aggregate: 'badge', changes: 'none', description: 'A badge.' }),
      // @ts-expect-error the description is missing
      auditAction('badge.lost', { aggregate: 'badge', changes: 'none' }),
    ];
    expect(refused).toHaveLength(4);
    expectTypeOf(badgeIssued).toEqualTypeOf<AuditAction<Badge, 'required'>>();
  });
});

describe('@Audited', () => {
  it.each([[[]], [['badge.issued']], [[undefined]], [[badgeIssued, null]], [[{ ...badgeIssued }]]])(
    'refuses %p, which are not all declared actions',
    (actions) => {
      expect(() => Audited(...(actions as never as [AnyAuditAction]))).toThrow(
        expect.objectContaining({ code: 'PIKAIA_AUDIT_ACTION_UNDECLARED' }),
      );
    },
  );

  it('accepts several actions', () => {
    expect(Audited(badgeIssued, memberInvited, planChanged)).toBeInstanceOf(Function);
  });
});
