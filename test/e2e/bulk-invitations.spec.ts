import { tracesOf } from '../support/system/invitations.js';
import { System, type ApiResponse } from '../support/system/system.js';
import { waitFor } from '../support/time/wait-for.js';

const ALICE = 'alice@example.com';
const GINA = 'gina@example.com';
const STATEMENTS = 20; // before the commit

interface Result {
  readonly result: string;
  readonly invitation?: { readonly id: string; readonly email: string };
  readonly problem?: { readonly type: string; readonly detail: string; readonly errors?: { field: string }[] };
}

let system: System;
beforeAll(async () => {
  system = await System.start({ worker: false });
});
afterAll(() =>
  expect(system.lines.filter(({ event, level }) => event === 'audit_record_missing' || level === 'ERROR')).toEqual([]),
);
afterAll(() => system.stop());

const inviteAll = (invitations: unknown, as = ALICE) =>
  system.request('POST', '/members/invitations/bulk', { as, body: { invitations } });
const resultsOf = ({ body }: ApiResponse) => body['data'] as Result[];
const outcomes = (answer: ApiResponse) =>
  resultsOf(answer).map(({ result, problem }) => (problem ? problem.type.replace('urn:pikaia:problem:', '') : result));
const people = (count: number, prefix: string) =>
  Array.from({ length: count }, (_, n) => ({ email: `${prefix}${n}@example.com`, name: `Person ${n}`, role: 'member' }));
const correlationOf = (answer: ApiResponse) => answer.headers.get('x-correlation-id')!;

describe('a request with many invitations', () => {
  it('invites a hundred people in one transaction, with one event and one audit entry each', async () => {
    const answer = await inviteAll(people(100, 'crowd'));
    expect(answer.status).toBe(200);
    expect(outcomes(answer)).toEqual(Array(100).fill('created'));
    expect(resultsOf(answer).map(({ invitation }) => invitation!.email)).toEqual(people(100, 'crowd').map(({ email }) => email));
    expect(await tracesOf(system, 'correlation_id', correlationOf(answer))).toEqual({
      events: Array(100).fill('member.invited'),
      actions: Array(100).fill('member.invited'),
    });
    const transactions = await system.query(
      `select distinct xmin::text from organizations_member where id = any($1::uuid[])
       union select distinct xmin::text from outbox.outbox_log where correlation_id = $2`,
      [resultsOf(answer).map(({ invitation }) => invitation!.id), correlationOf(answer)],
    );
    expect(transactions).toHaveLength(1);
  });

  it('needs no more statements before the commit for a hundred people than for one', async () => {
    const count = async (invitations: unknown): Promise<number> => {
      const answer = await inviteAll(invitations);
      const line = await waitFor('the access line', () =>
        system.lines.find((one) => one['trace_id'] === correlationOf(answer) && one.event === 'request_completed'),
      );
      const { length: people } = resultsOf(answer);
      return Number(line['db.query_count']) - 2 * people; // the event and the entry of each person travel with the commit
    };
    const [one, many] = [await count(people(1, 'single')), await count(people(100, 'many'))];
    expect(many).toBe(one);
    expect(many).toBeLessThan(STATEMENTS);
  });

  it('reports one result for each row in its order, and a refused row does not affect the others', async () => {
    await system.request('POST', '/members/invitations', { as: ALICE, body: { email: 'pending@example.com', role: 'member' } });
    const answer = await inviteAll([
      { email: 'first@example.com', role: 'admin' },
      { email: 'carol@example.com', role: 'member' },
      { email: 'Pending@Example.com', role: 'admin', name: 'Petra' },
      { email: 'FIRST@example.com', role: 'member' },
      { email: 'not an address', role: 'owner' },
      { email: 'extra@example.com', role: 'member', operator: true },
      { email: 'last@bücher.example', role: 'member' },
      { email: 'last@xn--bcher-kva.example', role: 'member' },
    ]);
    expect(outcomes(answer)).toEqual([
      'created',
      'conflict',
      'resent',
      'invitation-repeated',
      'invalid',
      'invalid',
      'created',
      'invitation-repeated',
    ]);
    const [first, carol, pending, , invalid] = resultsOf(answer);
    expect(first).toEqual({
      result: 'created',
      invitation: { id: expect.any(String), email: 'first@example.com', role: 'admin', status: 'invited' },
    });
    expect(carol!.problem).toMatchObject({ status: 409, detail: 'This person is a member already.' });
    expect(invalid!.problem!.errors!.map(({ field }) => field)).toEqual(['email', 'role']);
    expect((await system.request('GET', `/members/${pending!.invitation!.id}`, { as: ALICE })).body).toMatchObject({
      email: 'Pending@Example.com',
      name: 'Petra',
      role: 'admin',
      status: 'invited',
    });
    expect((await tracesOf(system, 'correlation_id', correlationOf(answer))).events).toHaveLength(3);
  });

  it('with text that cannot be stored in a row refuses that row alone', async () => {
    const half = '\ud83d';
    const answer = await inviteAll([
      { email: 'zero@example.com', name: 'Z\u0000', role: 'member' },
      { email: `half${half}@example.com`, role: 'member' },
      { email: 'key@example.com', role: 'member', [`a${half}`]: 1 },
      { email: 'stored@example.com', role: 'member' },
    ]);
    expect(answer.status).toBe(200);
    expect(outcomes(answer)).toEqual(['invalid', 'invalid', 'invalid', 'created']);
    expect(resultsOf(answer)[0]!.problem!.errors!.map(({ field }) => field)).toEqual(['name']);
    expect((await tracesOf(system, 'correlation_id', correlationOf(answer))).events).toEqual(['member.invited']);
  });

  it('keeps the stored name of a pending invitation if no name is given', async () => {
    await inviteAll([{ email: 'named@example.com', name: 'Nora', role: 'member' }]);
    const answer = await inviteAll([{ email: 'named@example.com', role: 'member' }]);
    expect(outcomes(answer)).toEqual(['resent']);
    const { body } = await system.request('GET', `/members/${resultsOf(answer)[0]!.invitation!.id}`, { as: ALICE });
    expect(body['name']).toBe('Nora');
  });

  it('writes nothing if every row is refused', async () => {
    const answer = await inviteAll([{ email: 'carol@example.com', role: 'member' }, {}]);
    expect([answer.status, outcomes(answer)]).toEqual([200, ['conflict', 'invalid']]);
    expect(await tracesOf(system, 'correlation_id', correlationOf(answer))).toEqual({ events: [], actions: [] });
  });

  it.each([
    ['no row', []],
    ['more than a hundred rows', people(101, 'over')],
    ['no list', { email: 'a@example.com', role: 'member' }],
    ['null', null],
    ['a row that is a text', ['bob@example.com']],
    ['a row that is null', [null]],
    ['a row that is a list', [[]]],
    ['nothing', undefined],
  ])('with %s gets 422', async (_, invitations) => {
    expect((await inviteAll(invitations)).status).toBe(422);
  });

  it('is refused for a person who is not an admin', async () => {
    expect((await inviteAll(people(1, 'forbidden'), 'carol@example.com')).status).toBe(403);
  });

  it('of two organizations for the same people at the same time creates each person once', async () => {
    const rows = people(50, 'shared');
    const answers = await Promise.all([
      inviteAll(rows, ALICE),
      inviteAll(rows.toReversed(), GINA),
      inviteAll(rows, ALICE),
      inviteAll(rows.toReversed(), GINA),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(answers.flatMap(outcomes).toSorted()).toEqual([...Array(100).fill('created'), ...Array(100).fill('resent')]);
    const [users] = await system.query<{ count: number }>(
      `select count(*)::int from organizations_user where email_key like 'shared%@example.com'`,
    );
    expect(users!.count).toBe(50);
  });
});
