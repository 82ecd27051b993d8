import { inspect } from 'node:util';
import { Column } from 'typeorm';
import { SpecMember } from '../../../../test/support/audit/audit.application.js';
import { AuditedEntity } from './audited-entity.decorator.js';
import { diff, isEmpty, joinDiffs } from './diff.js';
import { Personal, Public } from './field-policy.decorator.js';
import { snapshot } from './snapshot.js';

@AuditedEntity({ type: 'user', person: 'self' })
class Person {
  @Public()
  @Column('text', { name: 'person_id' })
  id = 'user-1';

  @Personal('self')
  name = 'Bob';
}

describe('diff', () => {
  it('compares with the snapshot taken at load after the entity is changed in place', () => {
    const member = new SpecMember();
    const before = snapshot(member);
    member.role = 'admin';
    expect(diff(before, member)).toEqual({
      changed: ['role'],
      old: { role: 'member' },
      new: { role: 'admin' },
      personal: new Map(),
    });
  });

  it('moves personal values from the entry to the person who owns them', () => {
    const member = new SpecMember();
    const before = snapshot(member);
    member.email = 'robert@example.com';
    expect(diff(before, member)).toEqual({
      changed: ['email'],
      old: { email: { personal: member.userId } },
      new: { email: { personal: member.userId } },
      personal: new Map([[member.userId, { old: { email: 'bob@example.com' }, new: { email: 'robert@example.com' } }]]),
    });
  });

  it('assigns the old and the new value to their respective owners when the owner of a field changes', () => {
    const member = Object.assign(new SpecMember(), { userId: 'first' });
    const before = snapshot(member);
    Object.assign(member, { userId: 'second', email: 'carol@example.com' });
    expect(diff(before, member).personal).toEqual(
      new Map([
        ['first', { old: { email: 'bob@example.com' }, new: {} }],
        ['second', { old: {}, new: { email: 'carol@example.com' } }],
      ]),
    );
  });

  it('records only the change of a secret field, never its value', () => {
    const member = new SpecMember();
    const before = snapshot(member);
    member.password = 'second';
    expect(diff(before, member)).toEqual({ changed: ['password'], old: {}, new: {}, personal: new Map() });
    expect(inspect(before, { depth: 9, showHidden: true })).not.toContain('first');
  });

  it.each<[string, Partial<SpecMember>, Partial<SpecMember>]>([
    ['numerics', { balance: '10.00' }, { balance: 10 }],
    ['a small numeric', { balance: '0.0000001' }, { balance: 1e-7 }],
    ['a large numeric', { balance: '1000000000000000000000' }, { balance: 1e21 }],
    ['a numeric with an exponent', { balance: '-1.5E3' }, { balance: '-01500.0' }],
    ['a numeric with an exponent below its digits', { balance: '0.1234' }, { balance: '12.34e-2' }],
    ['a fraction without zero', { balance: '0.5' }, { balance: '+.50' }],
    ['a uuid', { userId: 'AAAAAAAA-0000-4000-8000-00000000000F' }, { userId: 'aaaaaaaa-0000-4000-8000-00000000000f' }],
    ['negative zero', { balance: '-0.0' }, { balance: '0' }],
    [
      'a time and a copy of its Date',
      { invitedAt: '2026-01-17 10:23:45.125967+00' },
      { invitedAt: new Date('2026-01-17T10:23:45.125Z') },
    ],
    ['instants', { invitedAt: '2026-01-17 11:23:45.12+01' }, { invitedAt: new Date('2026-01-17T10:23:45.120Z') }],
    ['the order of keys', { settings: { a: [1, { b: 2, c: null }] } }, { settings: { a: [1, { c: null, b: 2 }] } }],
    ['a value and undefined, which TypeORM does not save', { settings: null }, { settings: undefined }],
    ['undefined and absent', { settings: { a: 1, b: undefined } }, { settings: { a: 1 } }],
  ])('detects no change between two spellings of %s', (_what, one, other) => {
    const member = Object.assign(new SpecMember(), one);
    const before = snapshot(member);
    expect(diff(before, Object.assign(member, other)).changed).toEqual([]);
  });

  it.each<[string, Partial<SpecMember>, Partial<SpecMember>]>([
    ['a microsecond', { invitedAt: '2026-01-17T10:23:45.123456Z' }, { invitedAt: '2026-01-17T10:23:45.123457Z' }],
    ['a millisecond', { invitedAt: '2026-01-17T10:23:45.125967Z' }, { invitedAt: new Date('2026-01-17T10:23:45.126Z') }],
    ['the last digit of a numeric', { balance: '12345678901234567.89' }, { balance: '12345678901234567.88' }],
    ['the last digit of a small numeric', { balance: 1e-7 }, { balance: 2e-7 }],
    ['a numeric and its tenfold', { balance: '1e3' }, { balance: '1e4' }],
    ['the sign of a fraction', { balance: '.5' }, { balance: '-.5' }],
    ['null and empty text', { settings: null }, { settings: '' }],
    ['deep inside', { settings: { a: [{ b: 1 }] } }, { settings: { a: [{ b: 2 }] } }],
    ['a number and its text', { settings: 1 }, { settings: '1' }],
  ])('detects a change: %s', (_what, one, other) => {
    const member = Object.assign(new SpecMember(), one);
    const before = snapshot(member);
    expect(diff(before, Object.assign(member, other)).changed).toHaveLength(1);
  });

  it('leaves null out of the diff of a created and of a removed entity, and keeps it in the diff of a change', () => {
    const member = new SpecMember();
    Object.assign(member, { email: null, password: null, settings: null, profile: undefined });
    const { changed, old, new: created, personal } = diff(null, member);
    expect(changed).toEqual(['balance', 'id', 'role', 'user_id']); // a null secret is not listed either
    expect([old, created, [...personal]]).toEqual([null, { balance: '10', id: member.id, role: 'member', user_id: member.userId }, []]); // prettier-ignore
    expect(diff(snapshot(member), null)).toEqual({ changed, old: created, new: null, personal });
    const before = snapshot(member);
    Object.assign(member, { email: 'bob@example.com', role: null, invitedAt: new Date(0) });
    expect(diff(before, member)).toEqual({
      changed: ['email', 'invited_at', 'role'],
      old: { email: { personal: member.userId }, invited_at: null, role: 'member' },
      new: { email: { personal: member.userId }, invited_at: '1970-01-01T00:00:00.000000Z', role: null },
      personal: new Map([[member.userId, { old: { email: null }, new: { email: 'bob@example.com' } }]]),
    });
  });

  it('is empty only if an entity neither changed nor was created or removed', () => {
    class Nothing {
      @Public()
      note: string | null = null;
    }
    const nothing = new Nothing();
    expect([diff(snapshot(nothing), nothing), diff(null, nothing), diff(snapshot(nothing), null)].map(isEmpty)).toEqual([
      true,
      false,
      false,
    ]);
    expect(isEmpty(joinDiffs())).toBe(true);
  });

  it('joins the diffs of two entities that one action creates', () => {
    const [person, member] = [new Person(), Object.assign(new SpecMember(), { userId: 'user-1' })];
    expect(joinDiffs(diff(null, person), diff(null, member))).toMatchObject({
      changed: expect.arrayContaining(['name', 'role']),
      old: null,
      new: { name: { personal: 'user-1' }, email: { personal: 'user-1' }, role: 'member' },
      personal: new Map([['user-1', { old: {}, new: { name: 'Bob', email: 'bob@example.com' } }]]),
    });
  });

  it('joins a created entity with an unchanged one as a creation', () => {
    const member = new SpecMember();
    const created = diff(null, new Person());
    expect(joinDiffs(created, diff(snapshot(member), member))).toEqual(created);
  });

  it('refuses to join diffs whose entry would lose a value or hide a creation, and names the fields', () => {
    const [one, other] = [new SpecMember(), new SpecMember()];
    const created = diff(null, new Person());
    const [first, second] = [one, other].map((member, index) => {
      const before = snapshot(member);
      Object.assign(member, { role: `role ${index}`, password: `secret ${index}` });
      return diff(before, member);
    });
    const error = (message: string) =>
      expect.objectContaining({ code: 'PIKAIA_AUDIT_JOIN_INVALID', message: expect.stringContaining(message) });
    expect(() => joinDiffs(first!, second!)).toThrow(error('the fields password, role: record two entries'));
    expect(() => joinDiffs(created, first!)).toThrow(error('created and changed: record two entries'));
  });

  it('refuses an object whose class declares no policy', () => {
    class Bare {
      id = '1';
    }
    expect(() => snapshot(new Bare())).toThrow(expect.objectContaining({ code: 'PIKAIA_AUDIT_FIELD_POLICY_MISSING' }));
  });
});
