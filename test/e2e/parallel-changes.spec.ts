import { chainBreaks, type RecordedChange } from '../support/audit/chain.check.js';
import { System, type ApiResponse } from '../support/system/system.js';

const ALICE = 'alice@example.com';
const CHANGE_COUNT = 20;

/** Twenty concurrent requests change one value. In any order, each record starts with the value that the previous one set. */
describe('parallel changes', () => {
  let system: System;

  beforeAll(async () => {
    system = await System.start({ worker: false, environment: { DATABASE_POOL_SIZE: String(CHANGE_COUNT) } });
    await system.token(ALICE);
  });
  afterAll(() => system.stop());

  describe('of the name of one organization', () => {
    let recorded: RecordedChange[];
    let final: string;

    beforeAll(async () => {
      const answers = await inParallel((n) =>
        system.request('PATCH', '/organization', { as: ALICE, body: { name: `Acme ${n}` } }),
      );
      expect(statusesOf(answers)).toEqual({ 200: CHANGE_COUNT });
      recorded = await entries('organization.updated', 'name');
      final = String((await system.request('GET', '/organization', { as: ALICE })).body['name']);
    });

    it('leave an unbroken chain of old and new values in the audit log', () => {
      expect(recorded).toHaveLength(CHANGE_COUNT);
      expect(chainBreaks(recorded, 'Acme', final)).toEqual([]);
    });

    it('publish one event for each change, in the same order', async () => {
      expect(await events('organization.updated', `-> 'old' ->> 'name'`, `-> 'new' ->> 'name'`)).toEqual(recorded);
    });

    it('the check reports a record that is missing or out of order', () => {
      expect(chainBreaks(recorded.toSpliced(7, 1), 'Acme', final)).toHaveLength(1);
      expect(
        chainBreaks([...recorded.slice(0, 3), recorded[4]!, recorded[3]!, ...recorded.slice(5)], 'Acme', final),
      ).toHaveLength(3);
    });
  });

  it('of one role leave an unbroken chain, and no record if the role was the same already', async () => {
    const { body } = await system.request('GET', '/members', { as: ALICE });
    const carol = (body['data'] as { id: string; email: string }[]).find(({ email }) => email === 'carol@example.com')!;
    const roles = ['admin', 'member'] as const;
    const answers = await inParallel((n) =>
      system.request('PATCH', `/members/${carol.id}`, { as: ALICE, body: { role: roles[n % 2]! } }),
    );
    expect(statusesOf(answers)).toEqual({ 200: CHANGE_COUNT });
    const recorded = await entries('member.role_changed', 'role');
    const final = (await system.request('GET', `/members/${carol.id}`, { as: ALICE })).body['role'];
    expect(recorded.length).toBeGreaterThan(0);
    expect(chainBreaks(recorded, 'member', final)).toEqual([]);
    expect(await events('member.role_changed', `->> 'old_role'`, `->> 'new_role'`)).toEqual(recorded);
  });

  it('invitations of one person create one membership, and each invitation sends an email', async () => {
    const email = 'popular@example.com';
    const answers = await inParallel(() =>
      system.request('POST', '/members/invitations', { as: ALICE, body: { email, role: 'member' } }),
    );
    expect(statusesOf(answers)).toEqual({ 201: 1, 200: CHANGE_COUNT - 1 });
    const members = await system.query<{ id: string }>(
      'select m.id from organizations_member m join organizations_user u on u.id = m.user_id where u.email = $1',
      [email],
    );
    expect(members).toHaveLength(1);
    for (const { body } of answers) expect(body).toEqual({ id: members[0]!.id, email, role: 'member', status: 'invited' });
    const sent = await system.query('select from outbox.outbox_log where event_type = $1 and aggregate_id = $2', [
      'member.invited',
      members[0]!.id,
    ]);
    expect(sent).toHaveLength(CHANGE_COUNT);
    const recorded = await system.query<RecordedChange>(
      `select diff -> 'old' ->> 'invited_at' as old, diff -> 'new' ->> 'invited_at' as new from events_auditlog
       where aggregate_id = $1 order by created_at`,
      [members[0]!.id],
    );
    expect(recorded).toHaveLength(CHANGE_COUNT);
    expect(chainBreaks(recorded, null, recorded.at(-1)!.new)).toEqual([]);
  });

  const inParallel = (send: (n: number) => Promise<ApiResponse>): Promise<ApiResponse[]> =>
    Promise.all(Array.from({ length: CHANGE_COUNT }, (_, n) => send(n)));

  const statusesOf = (answers: readonly ApiResponse[]): object =>
    Object.fromEntries([...Map.groupBy(answers, ({ status }) => status)].map(([status, { length }]) => [status, length]));

  const entries = (action: string, field: string): Promise<RecordedChange[]> =>
    system.query(
      `select diff -> 'old' ->> $2 as old, diff -> 'new' ->> $2 as new from events_auditlog where action = $1 order by created_at`,
      [action, field],
    );

  /** `oldField` and `newField` select the fields of the event data with the old and the new value. */
  const events = (type: string, oldField: string, newField: string): Promise<RecordedChange[]> =>
    system.query(
      `select payload -> 'data' ${oldField} as old, payload -> 'data' ${newField} as new
       from outbox.outbox_log where event_type = $1 order by position`,
      [type],
    );
});
