import { Injectable } from '@nestjs/common';
import { newId } from '@pikaia/core';
import { currentManager, Transactional } from '@pikaia/database';
import { captureLogs, type CapturedLogs } from '@pikaia/logging/testing';
import pg from 'pg';
import {
  asAlice,
  memberInvited,
  memberSignedIn,
  planChanged,
  SpecMember,
} from '../../../../test/support/audit/audit.application.js';
import { AuditFixture, Recorder } from '../../../../test/support/audit/audit.fixture.js';
import { connect } from '../../../../test/support/database/database.js';
import { useFixture } from '../../../../test/support/jest/use-fixture.js';
import { requestRecords } from '../completeness/request-records.js';
import { diff } from '../diff/diff.js';

@Injectable()
class ManagerRecorder extends Recorder {
  @Transactional()
  async recordThroughManager(member: SpecMember): Promise<void> {
    await this.audit.record(memberSignedIn, member, { executor: currentManager() });
    throw new Error('no');
  }
}

const at = useFixture(new AuditFixture(ManagerRecorder));
let client: pg.Client;
let logs: CapturedLogs;

beforeAll(async () => (client = await connect(at.database.apiUrl)));
afterAll(() => client.end());
beforeEach(() => (logs = captureLogs()));
afterEach(() => logs.restore());

const actionsOf = async (id: string): Promise<string[]> =>
  (
    await at.owner.query<{ action: string }>('select action from audit.record where aggregate_id = $1 order by id', [id])
  ).rows.map(({ action }) => action);
const executor = (): { executor: pg.Client } => ({ executor: client });

describe('record with an executor', () => {
  it.each([
    [
      'an action with changes',
      (member: SpecMember) => at.recorder.audit.record(memberInvited, member, diff(null, member), executor()),
    ],
    ['an action without changes', (member: SpecMember) => at.recorder.audit.record(memberSignedIn, member, executor())],
  ])('commits and rolls back %s with the transaction of the client', async (_, record) => {
    for (const [end, entries] of [
      ['commit', 1],
      ['rollback', 0],
    ] as const) {
      const member = new SpecMember();
      await client.query('begin');
      expect(await asAlice(() => record(member))).toBe(true);
      await client.query(end);
      expect(await actionsOf(member.id)).toHaveLength(entries);
    }
  });

  it('stores personal values apart, as in a @Transactional() method', async () => {
    const member = new SpecMember();
    await client.query('begin');
    await asAlice(() => at.recorder.audit.record(memberInvited, member, diff(null, member), executor()));
    await client.query('commit');
    const { rows } = await at.owner.query(
      `select p.fields #>> '{new,email}' as email from audit.personal p join audit.record r on r.id = p.record_id
       where r.aggregate_id = $1 and p.subject_id = $2`,
      [member.id, member.userId],
    );
    expect(rows).toEqual([{ email: 'bob@example.com' }]);
  });

  it('logs the entry and counts it for the declaration of the route when it is recorded, before the commit', async () => {
    const plan = { type: 'plan', id: newId() } as const;
    await client.query('begin');
    await asAlice(async () => {
      const records = requestRecords.getOrCreate()!;
      await at.recorder.audit.record(planChanged, plan, executor());
      expect([...records.actions]).toEqual([planChanged]);
    });
    expect(logs.one('audit_recorded')).toMatchObject({ 'audit.action': 'plan.changed' });
    await client.query('rollback');
    expect(await actionsOf(plan.id)).toEqual([]);
  });

  it('refuses a pool and an idle client, and neither logs nor counts the entry', async () => {
    const pool = new pg.Pool({ connectionString: at.database.apiUrl, max: 2 });
    const plan = { type: 'plan', id: newId() } as const;
    for (const idle of [pool, client])
      await asAlice(async () => {
        const records = requestRecords.getOrCreate()!;
        await expect(at.recorder.audit.record(planChanged, plan, { executor: idle })).rejects.toMatchObject({
          code: 'PIKAIA_AUDIT_OUTSIDE_TRANSACTION',
          message: expect.stringContaining('no open transaction'),
        });
        expect(records.actions.size).toBe(0);
      });
    await pool.end();
    logs.none('audit_recorded');
    expect(await actionsOf(plan.id)).toEqual([]);
  });

  it('takes the manager of the running @Transactional() method like no executor', async () => {
    const member = new SpecMember();
    const recorded = asAlice(() => at.recorder.recordThroughManager(member));
    await expect(recorded).rejects.toThrow('no');
    expect(await actionsOf(member.id)).toEqual([]);
    logs.none('audit_recorded');
  });

  it('writes nothing for an empty diff', async () => {
    const member = new SpecMember();
    const unchanged = diff(null, null);
    await client.query('begin');
    expect(await asAlice(() => at.recorder.audit.record(memberInvited, member, unchanged, executor()))).toBe(false);
    await client.query('commit');
    expect(await actionsOf(member.id)).toEqual([]);
  });
});
