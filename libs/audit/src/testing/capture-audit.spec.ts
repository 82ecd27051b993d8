import { Injectable, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Transactional } from '@pikaia/database';
import {
  asAlice,
  alice,
  memberRoleChanged,
  memberSignedIn,
  SpecMember,
} from '../../../../test/support/audit/audit.application.js';
import { diff } from '../diff/diff.js';
import { snapshot } from '../diff/snapshot.js';
import { Audit } from '../record/audit.service.js';
import { captureAudit, expectAudited, type CapturedAudit } from './capture-audit.js';

@Injectable()
class Members {
  constructor(readonly audit: Audit) {}

  @Transactional()
  async change(member: SpecMember, changes: Partial<SpecMember>, work?: () => unknown): Promise<void> {
    const before = snapshot(member);
    Object.assign(member, changes);
    await this.audit.record(memberRoleChanged, member, diff(before, member));
    await work?.();
  }

  @Transactional()
  async create(member: SpecMember): Promise<void> {
    await this.audit.record(memberRoleChanged, member, diff(null, member));
  }

  @Transactional()
  async signIn(member: SpecMember): Promise<void> {
    await this.audit.record(memberSignedIn, member);
  }
}

const fail = (): never => {
  throw new Error('no');
};

describe('captureAudit', () => {
  let captured: CapturedAudit;
  let app: INestApplicationContext;
  let members: Members;

  beforeEach(async () => {
    captured = captureAudit();
    class TestedModule {}
    const module = { module: TestedModule, imports: [captured.module], providers: [Members] };
    app = await NestFactory.createApplicationContext(module, { logger: false });
    members = app.get(Members);
  });
  afterEach(() => app.close());

  it('collects the entries of committed transactions, with personal values and without secret ones', async () => {
    const member = new SpecMember();
    await asAlice(() => members.change(member, { role: 'admin', email: 'eve@example.com', password: 'second' }));
    await asAlice(() => members.signIn(member));
    expect(captured.entries).toEqual([
      {
        action: 'member.role_changed',
        aggregate: { type: 'member', id: member.id },
        actor: alice,
        organizationId: 'org_abc',
        correlationId: expect.any(String),
        changed: ['email', 'password', 'role'],
        old: { role: 'member', email: 'bob@example.com' },
        new: { role: 'admin', email: 'eve@example.com' },
      },
      expect.objectContaining({ action: 'member.signed_in', changed: [], old: null, new: null }),
    ]);
    captured.clear();
    expect(captured.entries).toEqual([]);
  });

  it('shows a created entity without old values', async () => {
    await asAlice(() => members.create(new SpecMember()));
    expect(expectAudited(captured, memberRoleChanged)).toMatchObject({ old: null, new: { email: 'bob@example.com' } });
  });

  it('drops the entries of a transaction that is rolled back, and collects none for an empty diff', async () => {
    await expect(asAlice(() => members.change(new SpecMember(), { role: 'admin' }, fail))).rejects.toThrow('no');
    await asAlice(() => members.change(new SpecMember(), {}));
    expect(captured.entries).toEqual([]);
  });

  it('refuses what production refuses: a call outside @Transactional(), and a context without an actor', async () => {
    const outside = asAlice(() => members.audit.record(memberSignedIn, new SpecMember()));
    await expect(outside).rejects.toMatchObject({ code: 'PIKAIA_AUDIT_OUTSIDE_TRANSACTION' });
    const anonymous = asAlice(() => members.signIn(new SpecMember()), { actor: undefined as never });
    await expect(anonymous).rejects.toMatchObject({ code: 'PIKAIA_AUDIT_ACTOR_MISSING' });
    expect(captured.entries).toEqual([]);
  });

  it('collects an entry that is recorded through an executor at once, without calling the executor', async () => {
    await asAlice(() => members.audit.record(memberSignedIn, new SpecMember(), { executor: { query: fail } }));
    expectAudited(captured, memberSignedIn);
  });

  it('expectAudited returns the only entry that is as expected, or fails with what differs', async () => {
    await asAlice(() => members.change(new SpecMember(), { role: 'admin' }));
    expect(expectAudited(captured, memberRoleChanged, { new: { role: 'admin' }, actor: { id: alice.id } }).changed).toEqual([
      'role',
    ]);
    expect(() => expectAudited(captured, memberRoleChanged, { new: { role: 'owner' } })).toThrow(
      "member.role_changed was not recorded as expected:\n  1: new.role is 'admin', expected 'owner'",
    );
    expect(() => expectAudited(captured, memberSignedIn)).toThrow(
      'member.signed_in was not recorded. These were: member.role_changed.',
    );
  });
});
