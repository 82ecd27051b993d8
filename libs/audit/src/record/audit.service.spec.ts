import { createHash, createHmac } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { context, newId } from '@pikaia/core';
import { Propagation, Transactional } from '@pikaia/database';
import { captureLogs, type CapturedLogs } from '@pikaia/logging/testing';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { Column, Entity, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import {
  alice,
  asAlice,
  memberInvited,
  memberRemoved,
  memberRoleChanged,
  memberSignedIn,
  planChanged,
  SpecMember,
} from '../../../../test/support/audit/audit.application.js';
import { AuditFixture, Recorder } from '../../../../test/support/audit/audit.fixture.js';
import { useFixture } from '../../../../test/support/jest/use-fixture.js';
import { auditAction } from '../action/declare-action.js';
import { requestRecords } from '../completeness/request-records.js';
import { AuditedEntity } from '../diff/audited-entity.decorator.js';
import { diff } from '../diff/diff.js';
import { Personal, Public, Secret } from '../diff/field-policy.decorator.js';
import { snapshot } from '../diff/snapshot.js';

@Injectable()
class SavepointRecorder extends Recorder {
  @Transactional()
  async recordAndFail(member: SpecMember): Promise<void> {
    await this.audit.record(memberSignedIn, member);
    throw new Error('no');
  }

  @Transactional(Propagation.Nested)
  async recordInSavepoint(member: SpecMember, fail: boolean): Promise<void> {
    await this.audit.record(memberSignedIn, member);
    if (fail) throw new Error('no');
  }

  @Transactional()
  async recordInTwoSavepoints(first: SpecMember, second: SpecMember): Promise<void> {
    await this.recordInSavepoint(first, true).catch(() => undefined);
    await this.recordInSavepoint(second, false);
  }
}

class Contact {
  @Personal('ownerId')
  @Column('text')
  phone = '+44 20 7946 0000';

  @Secret()
  @Column('text')
  pin = 'pin 1234';

  @Public()
  @Column('text', { name: 'language_code' })
  language = 'en';
}

@Entity()
@AuditedEntity({ type: 'account' })
class Account {
  @Public()
  @PrimaryColumn('uuid')
  id = newId();

  @Public()
  @Column('uuid', { name: 'owner_id' })
  ownerId = newId();

  @Public()
  @Column(() => Contact)
  contact = new Contact();
}

@Entity()
@AuditedEntity({ type: 'related' })
class WithRelatedMember {
  @Public()
  @PrimaryColumn('uuid')
  id = newId();

  @Public()
  @Column('uuid', { name: 'member_id' })
  memberId = newId();

  @Public()
  @ManyToOne(() => SpecMember, { eager: true })
  @JoinColumn({ name: 'member_id' })
  member = new SpecMember();
}

const accountChanged = auditAction('account.changed', { aggregate: Account, changes: 'required', description: 'A spec.' });
const relatedCreated = auditAction('related.created', {
  aggregate: WithRelatedMember,
  changes: 'required',
  description: 'A spec.',
});

interface Stored {
  id: string;
  entry: string;
  entry_hash: Buffer;
  changed: string[];
  [column: string]: unknown;
}

const audit = useFixture(new AuditFixture(SavepointRecorder));
let logs: CapturedLogs;

beforeEach(() => {
  logs = captureLogs();
});

afterEach(() => logs.restore());

const recordOf = async (aggregateId: string): Promise<Stored[]> =>
  (await audit.owner.query<Stored>('select * from audit.record where aggregate_id = $1 order by created_at', [aggregateId])).rows;
const shown = async (id: string): Promise<Record<string, unknown>> =>
  (await audit.owner.query<Record<string, unknown>>('select * from public.events_auditlog where id = $1', [id])).rows[0]!;
const personalOf = async (id: string) =>
  (
    await audit.owner.query<{ subject_id: string; salt: Buffer; fields: Record<string, unknown> }>(
      'select * from audit.personal where record_id = $1 order by subject_id',
      [id],
    )
  ).rows;

describe('Audit.record', () => {
  it('records the change and the actor, stores personal values in separate rows, and puts only keyed hashes in the entry', async () => {
    const member = new SpecMember();
    const correlationId = newId();
    expect(await asAlice(() => audit.recorder.record(memberInvited, member, diff(null, member)), { correlationId })).toBe(true);
    const [row] = await recordOf(member.id);
    expect(row).toMatchObject({
      organization_id: 'org_abc',
      action: 'member.invited',
      aggregate_type: 'member',
      actor_type: 'user',
      actor_id: alice.id,
      correlation_id: correlationId,
      changed: ['balance', 'email', 'id', 'password', 'role', 'user_id'],
    });
    const entry = JSON.parse(row!.entry) as { personal: Record<string, string> };
    expect(canonicalize(entry)).toBe(row!.entry);
    expect(row!.entry).not.toMatch(/bob@|alice@|192\.0\.2|spec\/1|first/);
    expect(row!.entry_hash).toEqual(createHash('sha256').update(row!.entry).digest());
    const personal = await personalOf(row!.id);
    expect(personal.map(({ subject_id }) => subject_id)).toEqual([alice.id, member.userId].sort());
    for (const { subject_id, salt, fields } of personal) {
      expect(entry.personal[subject_id]).toBe(createHmac('sha256', salt).update(canonicalize(fields)!).digest('hex'));
    }
    expect(await shown(row!.id)).toMatchObject({
      actor_email: 'alice@example.com',
      ip_address: '192.0.2.7',
      user_agent: 'spec/1',
      diff: {
        old: null,
        new: { role: 'member', email: 'bob@example.com', balance: '10', user_id: member.userId },
      },
    });
    expect(personal.find(({ subject_id }) => subject_id === member.userId)!.fields['aggregate_label']).toBe('bob@example.com');
  });

  it('records old and new values of a change, and only old values of a removal', async () => {
    const member = new SpecMember();
    const before = snapshot(member);
    member.role = 'admin';
    member.email = 'robert@example.com';
    await asAlice(() => audit.recorder.record(memberRoleChanged, member, diff(before, member)));
    await asAlice(() => audit.recorder.record(memberRemoved, member, diff(snapshot(member), null)));
    const [changed, removed] = await recordOf(member.id);
    expect((await shown(changed!.id))['diff']).toEqual({
      old: { role: 'member', email: 'bob@example.com' },
      new: { role: 'admin', email: 'robert@example.com' },
    });
    expect((await shown(removed!.id))['diff']).toMatchObject({ old: { role: 'admin', email: 'robert@example.com' }, new: null });
  });

  it('records embedded fields under dotted names, stores personal ones outside the entry, and omits secret values', async () => {
    const account = new Account();
    const before = snapshot(account);
    Object.assign(account.contact, { phone: '+44 20 7946 0999', pin: 'pin 9999', language: 'cy' });
    await asAlice(() => audit.recorder.record(accountChanged, account, diff(before, account)));
    const [row] = await recordOf(account.id);
    expect(row!.changed).toEqual(['contact.language_code', 'contact.phone', 'contact.pin']);
    expect(row!.entry).not.toMatch(/pin \d|7946/);
    expect(JSON.stringify(await personalOf(row!.id))).not.toMatch(/pin \d/);
    expect((await shown(row!.id))['diff']).toEqual({
      old: { 'contact.language_code': 'en', 'contact.phone': '+44 20 7946 0000' },
      new: { 'contact.language_code': 'cy', 'contact.phone': '+44 20 7946 0999' },
    });
    await audit.owner.query('select audit.mark_erased($1)', [account.ownerId]);
    await audit.owner.query('select audit.erase($1)', [account.ownerId]);
    expect(JSON.stringify(await shown(row!.id))).not.toContain('7946');
  });

  it('records only the change, and no value, of a related entity whose property has a policy', async () => {
    const related = new WithRelatedMember();
    await asAlice(() => audit.recorder.record(relatedCreated, related, diff(null, related)));
    const [row] = await recordOf(related.id);
    expect(row!.entry).not.toMatch(/bob@example.com|first/);
    expect(row!.changed).toEqual(['id', 'member', 'member_id']);
  });

  it('writes nothing for an empty diff, returns false and does not satisfy the declaration of the route', async () => {
    const member = new SpecMember();
    const records = await asAlice(async () => {
      const kept = requestRecords.getOrCreate()!;
      expect(await audit.recorder.record(memberRoleChanged, member, diff(snapshot(member), member))).toBe(false);
      return kept;
    });
    expect(records.nothingToRecord).toBeUndefined();
    expect(await recordOf(member.id)).toEqual([]);
  });

  it('assigns a record without an organization to the platform, and writes no personal row for a system actor without a request', async () => {
    const id = newId();
    await context.run({ actor: { type: 'system', id: 'stripe' } }, () =>
      audit.recorder.record(planChanged, { type: 'plan', id }),
    );
    const [row] = await recordOf(id);
    expect(row).toMatchObject({ organization_id: 'platform', actor_type: 'system', actor_id: 'stripe' });
    expect(JSON.parse(row!.entry)).toMatchObject({
      organization_id: 'platform',
      personal: {},
      diff: { old: null, new: null },
      changed: [],
    });
    expect(await personalOf(row!.id)).toEqual([]);
    expect(await shown(row!.id)).toMatchObject({ actor_email: null, ip_address: null, user_agent: null });
  });

  it('keeps the raw text of an invalid client address', async () => {
    const id = newId();
    const request = {
      method: 'POST',
      path: '/',
      clientAddress: null,
      unparsedAddress: 'not-an-ip\u0000',
      userAgent: 'x'.repeat(20_000),
    };
    await asAlice(() => audit.recorder.record(planChanged, { type: 'plan', id }), { request });
    const [row] = await recordOf(id);
    const [personal] = await personalOf(row!.id);
    expect(personal!.fields).toMatchObject({
      ip_address: null,
      unparsed_address: 'not-an-ip\ufffd',
      user_agent: 'x'.repeat(1_024),
    });
    expect((await shown(row!.id))['ip_address']).toBeNull();
  });

  it('leaves no record, log line or request state after a transaction or savepoint is rolled back', async () => {
    const [failed, inner, kept] = [new SpecMember(), new SpecMember(), new SpecMember()];
    const actionsDuring = (work: () => Promise<unknown>) =>
      asAlice(async () => {
        const { actions } = requestRecords.getOrCreate()!;
        await work().catch(() => undefined);
        return actions;
      });
    const afterRollback = await actionsDuring(() => audit.recorder.recordAndFail(failed));
    const afterSavepoints = await actionsDuring(() => audit.recorder.recordInTwoSavepoints(inner, kept));
    expect(await recordOf(failed.id)).toEqual([]);
    expect(await recordOf(inner.id)).toEqual([]);
    const [row] = await recordOf(kept.id);
    expect(afterRollback).toEqual(new Set());
    expect(afterSavepoints).toEqual(new Set([memberSignedIn]));
    expect(logs.of('audit_recorded')).toEqual([
      expect.objectContaining({
        'audit.action': 'member.signed_in',
        'audit.record_id': row!.id,
        'audit.entry_hash': row!.entry_hash.toString('hex'),
      }),
    ]);
  });

  it('replaces values that are too large, and still writes the record', async () => {
    const member = new SpecMember();
    member.settings = 'x'.repeat(70_000);
    member.profile = 'y'.repeat(70_000);
    await asAlice(() => audit.recorder.record(memberInvited, member, diff(null, member)));
    const [row] = await recordOf(member.id);
    expect((await shown(row!.id))['diff']).toMatchObject({
      new: {
        role: 'member',
        settings: { truncated: true, bytes: 70_002 },
        profile: { truncated: true, bytes: 70_002 },
      },
    });
    expect(row!.entry).not.toContain(createHash('sha256').update(JSON.stringify(member.profile)).digest('hex'));
  });

  it('writes one record for each of twenty parallel transactions', async () => {
    const members = Array.from({ length: 20 }, () => new SpecMember());
    await Promise.all(members.map((member) => asAlice(() => audit.recorder.record(memberInvited, member, diff(null, member)))));
    for (const { id } of members) expect(await recordOf(id)).toHaveLength(1);
  });

  it('writes a record for any value, including hostile ones', async () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withNullPrototype: true,
      withSparseArray: true,
    });
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\u0000', '\ud800', '\udc00x', '{"personal":"self"}', '__proto__'),
    );
    const hostile = fc.oneof(
      anything,
      text,
      fc.constantFrom(Number.NaN, Infinity, -0, new Date(Number.NaN), 10n ** 400n, Symbol('s'), () => 1),
    );
    await fc.assert(
      fc.asyncProperty(
        hostile,
        hostile,
        hostile,
        text,
        text,
        text,
        async (settings, profile, balance, label, userAgent, address) => {
          const member = Object.assign(new SpecMember(), { settings, profile, balance, email: label });
          const request = { method: 'POST', path: '/', clientAddress: address, userAgent };
          await asAlice(() => audit.recorder.record(memberInvited, member, diff(null, member)), {
            request,
            actor: { type: 'user', id: label.trim() || 'a', email: label, name: userAgent },
            organizationId: address.trim() || 'b',
          });
          const [row] = await recordOf(member.id);
          expect(canonicalize(JSON.parse(row!.entry))).toBe(row!.entry);
          const entry = JSON.parse(row!.entry) as { personal: Record<string, string> };
          for (const { subject_id, salt, fields } of await personalOf(row!.id)) {
            expect(entry.personal[subject_id]).toBe(createHmac('sha256', salt).update(canonicalize(fields)!).digest('hex'));
          }
          expect(await shown(row!.id)).toBeDefined();
        },
      ),
      { numRuns: 150 },
    );
  });
});
