import { Injectable } from '@nestjs/common';
import { context, newId, type ContextSnapshot } from '@pikaia/core';
import { Transactional } from '@pikaia/database';
import {
  alice,
  asAlice,
  memberInvited,
  memberSignedIn,
  planChanged,
  SpecMember,
} from '../../../../test/support/audit/audit.application.js';
import { AuditFixture, Recorder } from '../../../../test/support/audit/audit.fixture.js';
import { useFixture } from '../../../../test/support/jest/use-fixture.js';
import type { AnyAuditAction } from '../action/audit-action.js';
import { diff } from '../diff/diff.js';
import type { AggregateReference } from '../entry/aggregate-reference.js';

@Injectable()
class RefusalRecorder extends Recorder {
  /** Calls `refused`, and records in the same transaction. @returns the error of `refused`. */
  @Transactional()
  async recordAfterRefusal(plan: AggregateReference<'plan'>, refused: () => Promise<unknown>): Promise<unknown> {
    const error: unknown = await refused().catch((thrown: unknown) => thrown);
    await this.audit.record(planChanged, plan);
    return error;
  }
}

const audit = useFixture(new AuditFixture(RefusalRecorder));

const recordOf = async (aggregateId: string): Promise<{ entry: string }[]> =>
  (await audit.owner.query<{ entry: string }>('select * from audit.record where aggregate_id = $1', [aggregateId])).rows;

const UNUSABLE_IDS: [string, unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['NaN', Number.NaN],
  ['an unsafe integer', 2 ** 53],
  ['empty text', ''],
  ['blank text', ' \t\u00a0'],
  ['an object', {}],
  ['an object without a prototype', Object.create(null)],
  ['a date', new Date()],
  ['a function', () => 'a'],
  ['a symbol', Symbol('a')],
  ['a boolean', true],
  [
    'an object with a method toString',
    new (class Id {
      toString = () => 'a';
    })(),
  ],
];

describe('Audit.record', () => {
  it('refuses to record outside a transaction or without an actor', async () => {
    const member = new SpecMember();
    await expect(asAlice(() => audit.recorder.audit.record(memberSignedIn, member))).rejects.toMatchObject({
      code: 'PIKAIA_AUDIT_OUTSIDE_TRANSACTION',
    });
    await expect(context.run({}, () => audit.recorder.record(memberSignedIn, member))).rejects.toMatchObject({
      code: 'PIKAIA_AUDIT_ACTOR_MISSING',
    });
    expect(await recordOf(member.id)).toEqual([]);
  });

  it.each([
    { type: 'member' },
    { id: '1' },
    { type: 1, id: '1' },
    { type: '', id: '1' },
    { type: '\t', id: '1' },
    { type: 'member', id: '1', subject: {} },
    Object.create(null) as object,
    undefined,
    null,
  ])('refuses %p as an aggregate', async (aggregate) => {
    await expect(asAlice(() => audit.recorder.record(memberSignedIn, aggregate as SpecMember))).rejects.toMatchObject({
      code: 'PIKAIA_AUDIT_AGGREGATE_INVALID',
    });
  });

  it('refuses an aggregate of another type than the action declares', async () => {
    const badge = { type: 'badge', id: newId() } as never;
    await expect(asAlice(() => audit.recorder.record(planChanged, badge))).rejects.toMatchObject({
      code: 'PIKAIA_AUDIT_AGGREGATE_INVALID',
      message: `record('plan.changed') was given an aggregate of type "badge"; the action is declared for "plan".`,
    });
  });

  it.each([
    ['the name of an action', 'member.invited'],
    ['nothing', undefined],
    ['a copy of an action', { ...memberInvited }],
  ])('refuses %s in place of a declared action', async (_, action) => {
    await expect(asAlice(() => audit.recorder.record(action as never, new SpecMember() as never))).rejects.toMatchObject({
      code: 'PIKAIA_AUDIT_ACTION_UNDECLARED',
    });
  });

  it.each<[string, AnyAuditAction, unknown]>([
    ['no changes for an action that requires them', memberInvited, undefined],
    ['null as the changes of an action that requires them', memberInvited, null],
    ['an object that diff did not create', memberInvited, { changed: ['role'], old: null, new: null, personal: new Map() }],
    ['changes for an action that is declared without them', memberSignedIn, diff(null, new SpecMember())],
  ])('refuses %s, and writes nothing', async (_, action, changes) => {
    const member = new SpecMember();
    await expect(asAlice(() => audit.recorder.record(action, member as never, ...([changes] as never)))).rejects.toMatchObject({
      code: 'PIKAIA_AUDIT_CHANGES_INVALID',
    });
    expect(await recordOf(member.id)).toEqual([]);
  });

  it.each(UNUSABLE_IDS)(
    'refuses an id of an entity, an aggregate or the context that is %s, and the next record succeeds',
    async (_, id) => {
      const entity = Object.assign(new SpecMember(), { id });
      for (const aggregate of [entity, { type: 'member', id }]) {
        await expect(asAlice(() => audit.recorder.record(memberSignedIn, aggregate as SpecMember))).rejects.toMatchObject({
          code: 'PIKAIA_AUDIT_AGGREGATE_INVALID',
          message: expect.stringContaining('whose id is'),
        });
      }
      const plan = { type: 'plan', id: newId() } as const;
      const bad: Partial<ContextSnapshot>[] = [
        { actor: { ...alice, id: id as string } },
        { correlationId: id as string },
        ...(id === undefined || id === null ? [] : [{ organizationId: id as string }]),
      ];
      for (const snapshot of bad) {
        // An undefined correlation id is replaced by a new one.
        if ('correlationId' in snapshot && id === undefined) continue;
        await expect(
          asAlice(() =>
            audit.recorder.recordAfterRefusal(plan, () =>
              context.run({ actor: alice, ...snapshot }, () => audit.recorder.audit.record(planChanged, plan)),
            ),
          ),
        ).resolves.toMatchObject({ code: 'PIKAIA_CONTEXT_INVALID' });
      }
      expect(await recordOf(plan.id)).toHaveLength(bad.length - (id === undefined ? 1 : 0));
    },
  );

  it('stores the text of ids that are numbers, and the lower-case form of a correlation id', async () => {
    const correlationId = newId();
    await asAlice(() => audit.recorder.record(planChanged, { type: 'plan', id: 7_000_001 as unknown as string }), {
      correlationId: correlationId.toUpperCase(),
      organizationId: 42 as unknown as string,
      actor: { type: 'user', id: 9 as unknown as string, email: null as unknown as string },
    });
    const [row] = await recordOf('7000001');
    expect(row).toMatchObject({ organization_id: '42', actor_id: '9', correlation_id: correlationId });
    expect(JSON.parse(row!.entry)).toMatchObject({ actor: { id: '9' }, correlation_id: correlationId, organization_id: '42' });
  });
});
