import fc from 'fast-check';
import { acceptInvitation, invitationToken } from '../support/system/invitations.js';
import { System, type ApiResponse } from '../support/system/system.js';

const ALICE = 'alice@example.com';
const RUNS = Number(process.env['PIKAIA_RUNS'] ?? 25);
const SEED = Number(process.env['PIKAIA_SEED'] ?? 20_261_130);
const TEST_TIMEOUT_MS = 240_000;

const REQUESTS = ['accept', 'revoke', 'remove', 'invite', 'resend', 'promote'] as const;
type RequestName = (typeof REQUESTS)[number];

/** The events of one membership in their order: invitations and changes of the role, then one end of the invitation, if any. */
const LIFE =
  /^(member\.invited|member\.role_changed)( member\.(invited|role_changed))*( member\.invitation_revoked| member\.joined( member\.role_changed)*( member\.removed)?)?$/;

const STATUS_AFTER: Readonly<Record<string, string>> = {
  'member.invited': 'invited',
  'member.joined': 'active',
  'member.invitation_revoked': 'removed',
  'member.removed': 'removed',
};

interface Life {
  readonly status: string;
  readonly events: readonly string[];
  readonly actions: readonly string[];
}

let system: System;
beforeAll(async () => {
  system = await System.start({ worker: false, environment: { DATABASE_POOL_SIZE: '10' } });
  await system.startApi();
  await system.token(ALICE);
}, TEST_TIMEOUT_MS);
afterAll(() =>
  expect(system.lines.filter(({ event, level }) => event === 'audit_record_missing' || level === 'ERROR')).toEqual([]),
);
afterAll(() => system.stop());

let person = 0;

/** Invites a new person, then sends the requests at the same time, to two processes in turn. */
async function race(names: readonly RequestName[]) {
  const email = `racer${++person}@example.com`;
  const body = { email, role: 'member' };
  const { body: invitation } = await system.request('POST', '/members/invitations', { as: ALICE, body });
  const id = String(invitation['id']);
  await system.query(`update organizations_member set invited_at = invited_at - interval '2 minutes' where id = $1`, [id]);
  const [token, session] = [await invitationToken(system, id), await system.token(email)];
  const send: Record<RequestName, (port: number) => Promise<ApiResponse>> = {
    accept: (port) => acceptInvitation(system, session, token, port),
    revoke: (port) => system.request('DELETE', `/members/invitations/${id}`, { as: ALICE, port }),
    remove: (port) => system.request('DELETE', `/members/${id}`, { as: ALICE, port }),
    invite: (port) => system.request('POST', '/members/invitations', { as: ALICE, body, port }),
    resend: (port) => system.request('POST', `/members/invitations/${id}/resend`, { as: ALICE, port }),
    promote: (port) => system.request('PATCH', `/members/${id}`, { as: ALICE, body: { role: 'admin' }, port }),
  };
  const answers = await Promise.all(
    names.map(async (name, n) => ({ name, status: (await send[name](system.services[n % 2]!.port)).status })),
  );
  return { answers, lives: await livesOf(email) };
}

/** The memberships of a person, the earliest first, with their events and audit entries. */
const livesOf = (email: string) =>
  system.query<Life & { id: string }>(
    `select m.id, m.status,
       array(select event_type from outbox.outbox_log where aggregate_id = m.id::text order by position) as events,
       array(select action from events_auditlog where aggregate_id = m.id::text) as actions
     from organizations_member m join organizations_user u on u.id = m.user_id where u.email_key = $1 order by m.id`,
    [email],
  );

/** What is wrong with the lives of a person after a race. */
function problemsOf(answers: readonly { name: RequestName; status: number }[], lives: readonly Life[]): string[] {
  const succeeded = (...names: RequestName[]) =>
    answers.filter(({ name, status }) => names.includes(name) && status < 300).length;
  const published = (...types: string[]) => lives.flatMap(({ events }) => events).filter((type) => types.includes(type)).length;
  const lastState = ({ events }: Life) => STATUS_AFTER[events.findLast((type) => type in STATUS_AFTER)!];
  return [
    ...answers.filter(({ status }) => status >= 500).map(({ name, status }) => `${name} got ${status}`),
    ...lives.filter(({ events }) => !LIFE.test(events.join(' '))).map(({ events }) => `impossible order: ${events.join(' ')}`),
    ...lives
      .filter((life) => lastState(life) !== life.status)
      .map(({ status }) => `the row is ${status}, the events say otherwise`),
    ...lives
      .filter(({ events, actions }) => events.toSorted().join() !== actions.toSorted().join())
      .map(({ events, actions }) => `events ${events.join(' ')}, entries ${actions.join(' ')}`),
    ...(lives.filter(({ status }) => status !== 'removed').length > 1 ? ['two live memberships'] : []),
    ...(succeeded('accept') === published('member.joined') ? [] : ['a success without member.joined, or the reverse']),
    ...(succeeded('revoke', 'remove') === published('member.removed', 'member.invitation_revoked')
      ? []
      : ['an end of a membership that was not published once']),
    ...(1 + succeeded('invite', 'resend') === published('member.invited') ? [] : ['an invitation that was not published once']),
  ];
}

describe('requests about one invitation at the same time', () => {
  it.each<[string, RequestName[]]>([
    ['two acceptances', ['accept', 'accept']],
    ['an acceptance and a revocation', ['accept', 'revoke']],
    ['an acceptance and a removal', ['accept', 'remove']],
    ['an acceptance and a second email', ['accept', 'resend']],
    ['ten acceptances and ten revocations', [...Array<RequestName>(10).fill('accept'), ...Array<RequestName>(10).fill('revoke')]],
  ])('%s give one result for each, and the events agree with the row', async (_, names) => {
    const { answers, lives } = await race(names);
    expect(problemsOf(answers, lives)).toEqual([]);
  });

  it(
    'in any combination leave an order of events that one of them after the other could leave',
    () =>
      fc.assert(
        fc.asyncProperty(fc.array(fc.constantFrom(...REQUESTS), { minLength: 2, maxLength: 8 }), async (names) => {
          const { answers, lives } = await race(names);
          expect(problemsOf(answers, lives)).toEqual([]);
        }),
        { numRuns: RUNS, seed: SEED, endOnFailure: true },
      ),
    TEST_TIMEOUT_MS,
  );

  it('the check reports a second removal, a row without its event and an entry that is missing', () => {
    const joined = ['member.invited', 'member.joined'];
    const twice = { status: 'removed', events: [...joined, 'member.removed', 'member.removed'], actions: [] };
    expect(problemsOf([{ name: 'accept', status: 200 }], [twice])).toHaveLength(3);
    expect(problemsOf([], [{ status: 'active', events: ['member.invited'], actions: ['member.invited'] }])).toHaveLength(1);
    expect(
      problemsOf([{ name: 'accept', status: 200 }], [{ status: 'active', events: joined, actions: joined.slice(1) }]),
    ).toHaveLength(1);
  });
});
