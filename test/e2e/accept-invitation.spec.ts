import { signInvitation } from '@pikaia/notifications';
import { SessionProvider, type TokenOptions } from '../support/http/session-provider.js';
import {
  acceptInvitation,
  INVITATION_SECRET,
  invitationToken,
  providerSettings,
  tracesOf,
} from '../support/system/invitations.js';
import { System, type ApiResponse } from '../support/system/system.js';
import { waitFor } from '../support/time/wait-for.js';

const ALICE = 'alice@example.com';
const DAY_MS = 24 * 60 * 60 * 1000;

let provider: SessionProvider;
let system: System;
let acme: { id: string; provider_id: string };
let admin: string;

beforeAll(async () => {
  provider = await SessionProvider.start();
  system = await System.start({ worker: false, environment: providerSettings(provider) });
  [acme] = (await system.query<typeof acme>(`select id, provider_id from organizations_organization where slug = 'acme'`)) as [
    typeof acme,
  ];
  const [alice] = await system.query<{ provider_id: string }>(`select provider_id from organizations_member where email = $1`, [
    ALICE,
  ]);
  admin = await session(alice!.provider_id, { email: ALICE });
});
afterAll(() =>
  expect(system.lines.filter(({ event, level }) => event === 'audit_record_missing' || level === 'ERROR')).toEqual([]),
);
afterAll(async () => {
  await system.stop();
  await provider.stop();
});

const session = (subject: string, options: TokenOptions = {}) =>
  provider.sign(subject, { organization: acme.provider_id, ...options });
const asAdmin = (method: string, path: string, body?: unknown) =>
  system.request(method, path, { body, headers: { authorization: `Bearer ${admin}` } });
const accept = (sessionToken: string, token: unknown) => acceptInvitation(system, sessionToken, token);
const problemOf = ({ status, body }: ApiResponse) => `${status} ${String(body['type']).replace('urn:pikaia:problem:', '')}`;

async function invite(email: string, role = 'member'): Promise<{ id: string; token: string }> {
  const { status, body } = await asAdmin('POST', '/members/invitations', { email, role });
  expect([200, 201]).toContain(status);
  return { id: body['id'] as string, token: await invitationToken(system, body['id']) };
}

async function accepted(email: string, subject: string): Promise<string> {
  const { id, token } = await invite(email);
  expect((await accept(await session(subject, { email }), token)).status).toBe(200);
  return id;
}

describe('the acceptance of an invitation', () => {
  it('an accepted invitation makes the person an active member, whom the same session then identifies', async () => {
    const { id, token } = await invite('bob@example.com');
    const bob = await session('member-bob', { email: 'Bob@Example.com' });
    const before = await system.request('GET', '/me', { headers: { authorization: `Bearer ${bob}` } });
    expect(before.status).toBe(403);
    const answer = await accept(bob, token);
    expect(answer).toMatchObject({
      status: 200,
      body: { id, email: 'bob@example.com', role: 'member', status: 'active', joined_at: expect.any(String) },
    });
    const me = await system.request('GET', '/me', { headers: { authorization: `Bearer ${bob}` } });
    expect(me).toMatchObject({ status: 200, body: { member_id: id, organization_id: acme.id, role: 'member' } });
  });

  it('an acceptance publishes and records member.joined with the person as the actor, and later sign-ins do not repeat it', async () => {
    const { id, token } = await invite('carla@example.com', 'admin');
    const answer = await accept(await session('member-carla', { email: 'carla@example.com' }), token);
    const user = answer.body['user_id'];
    for (let n = 0; n < 3; n++) {
      const again = await session('member-carla', { email: 'carla@example.com' });
      await system.request('GET', '/me', { headers: { authorization: `Bearer ${again}` } });
    }
    expect(await tracesOf(system, 'aggregate_id', id)).toEqual({
      events: ['member.invited', 'member.joined'],
      actions: ['member.invited', 'member.joined'],
    });
    const [event] = await system.query<{ payload: object }>(
      `select payload from outbox.outbox_log where aggregate_id = $1 and event_type = 'member.joined'`,
      [id],
    );
    expect(event!.payload).toMatchObject({
      organization_id: acme.id,
      actor: { type: 'user', id: user, email: 'carla@example.com' },
      data: { user_id: user, email: 'carla@example.com', role: 'admin' },
    });
    const [entry] = await system.query(`select * from events_auditlog where aggregate_id = $1 and action = 'member.joined'`, [
      id,
    ]);
    expect(entry).toMatchObject({
      organization_id: acme.id,
      actor_id: user,
      diff: { old: { status: 'invited', provider_id: null }, new: { status: 'active', provider_id: 'member-carla' } },
    });
  });

  it('with an Idempotency-Key responds to its repeat with the stored response, and to another person as without a key', async () => {
    const { id, token } = await invite('nora@example.com');
    const acceptAs = (sessionToken: string) =>
      system.request('POST', '/members/invitations/accept', {
        body: { token },
        headers: { authorization: `Bearer ${sessionToken}`, 'idempotency-key': 'acceptance' },
      });
    const nora = await session('member-nora', { email: 'nora@example.com' });
    const [first, repeat] = [await acceptAs(nora), await acceptAs(nora)];
    expect([first.status, first.headers.get('idempotent-replayed')]).toEqual([200, null]);
    expect([repeat.status, repeat.headers.get('idempotent-replayed')]).toEqual([200, 'true']);
    expect(repeat.body).toEqual(first.body);
    expect(await tracesOf(system, 'aggregate_id', id)).toMatchObject({ events: ['member.invited', 'member.joined'] });
    expect(problemOf(await acceptAs(await session('member-other', { email: 'other@example.com' })))).toBe('403 invitation-email');
  });

  it('lets a person who was removed join again with the same account', async () => {
    const first = await accepted('rita@example.com', 'member-rita');
    expect((await asAdmin('DELETE', `/members/${first}`)).status).toBe(204);
    const second = await accepted('rita@example.com', 'member-rita');
    expect(second).not.toBe(first);
    const me = await system.request('GET', '/me', {
      headers: { authorization: `Bearer ${await session('member-rita')}` },
    });
    expect(me.body).toMatchObject({ member_id: second });
  });
});

describe('an invitation token', () => {
  it('a token is refused without a session, and a session without a valid token', async () => {
    const { token } = await invite('dora@example.com');
    expect(problemOf(await system.request('POST', '/members/invitations/accept', { body: { token } }))).toBe(
      '401 unauthenticated',
    );
    const dora = await session('member-dora', { email: 'dora@example.com' });
    for (const wrong of [`${token}x`, 'nonsense', dora, ' ', 'ü'.repeat(4096), token.replace(/\.[^.]*$/, '.')])
      expect(problemOf(await accept(dora, wrong))).toBe('422 invitation-invalid');
    for (const wrong of ['', null, undefined, 7, ['x'], 'x'.repeat(5000)])
      expect(problemOf(await accept(dora, wrong))).toBe('422 invalid');
    expect((await accept(dora, token)).status).toBe(200);
  });

  it('a token is refused if it was signed with another secret, or is older than seven days', async () => {
    const { id } = await invite('egon@example.com');
    const egon = await session('member-egon', { email: 'egon@example.com' });
    const invitation = { memberId: id, organizationId: acme.id, email: 'egon@example.com', invitedAt: new Date() };
    expect(problemOf(await accept(egon, await signInvitation(invitation, `${INVITATION_SECRET}!`)))).toBe(
      '422 invitation-invalid',
    );
    const old = { ...invitation, invitedAt: new Date(Date.now() - 8 * DAY_MS) };
    expect(problemOf(await accept(egon, await signInvitation(old, INVITATION_SECRET)))).toBe('410 invitation-expired');
  });

  it('a token can be used once, and a second use is logged with the member of the session', async () => {
    const { token } = await invite('fritz@example.com');
    const fritz = await session('member-fritz', { email: 'fritz@example.com' });
    expect((await accept(fritz, token)).status).toBe(200);
    expect(problemOf(await accept(fritz, token))).toBe('409 invitation-accepted');
    const line = await waitFor('the line', () =>
      system.api.linesOf('invitation_refused').find((one) => one['session.subject'] === 'member-fritz'),
    );
    expect(line).toMatchObject({ 'problem.type': 'invitation-accepted' });
  });

  it('a token is refused after the person was removed, the invitation was revoked or the person was invited again', async () => {
    const removed = await invite('gerd@example.com');
    const gerd = await session('member-gerd', { email: 'gerd@example.com' });
    await accept(gerd, removed.token);
    await asAdmin('DELETE', `/members/${removed.id}`);
    expect(problemOf(await accept(gerd, removed.token))).toBe('409 invitation-accepted');

    const revoked = await invite('hans@example.com');
    await asAdmin('DELETE', `/members/invitations/${revoked.id}`);
    const hans = await session('member-hans', { email: 'hans@example.com' });
    expect(problemOf(await accept(hans, revoked.token))).toBe('410 invitation-revoked');

    const { id, token } = await invite('ida@example.com');
    await system.query(`update organizations_member set invited_at = invited_at - interval '2 minutes' where id = $1`, [id]);
    const older = await invitationToken(system, id);
    expect((await asAdmin('POST', `/members/invitations/${id}/resend`)).status).toBe(200);
    const ida = await session('member-ida', { email: 'ida@example.com' });
    expect(problemOf(await accept(ida, older))).toBe('410 invitation-replaced');
    expect((await accept(ida, token === older ? token : await invitationToken(system, id))).status).toBe(200);
  });

  it('a token is refused after the invitation was sent again to another spelling of the address', async () => {
    const first = await invite('Jana@example.com');
    await invite('jana@example.com');
    const jana = await session('member-jana', { email: 'jana@example.com' });
    expect(problemOf(await accept(jana, first.token))).toBe('410 invitation-replaced');
  });
});

describe('a stolen invitation token', () => {
  it.each<[string, string, TokenOptions]>([
    ['another person', '403 invitation-email', { email: 'mallory@example.com' }],
    ['a person whose address the provider has not verified', '403 email-unverified', {}],
    [
      'a person who only claims the address',
      '403 email-unverified',
      { claims: { email: 'kai@example.com', email_verified: false } },
    ],
    [
      'the organization of another tenant',
      '403 invitation-organization',
      { organization: 'organization-x', email: 'kai@example.com' },
    ],
    ['an operator', '403 forbidden', { organization: 'organization-test-operators', email: 'kai@example.com' }],
  ])('a token is refused with a session of %s, whatever the state of the invitation', async (_, problem, options) => {
    const { id, token } = await invite('kai@example.com');
    const thief = await session('member-mallory', options);
    expect(problemOf(await accept(thief, token))).toBe(problem);
    await asAdmin('DELETE', `/members/invitations/${id}`);
    expect(problemOf(await accept(thief, token))).toBe(problem);
    expect(await tracesOf(system, 'aggregate_id', id)).toEqual({
      events: ['member.invited', 'member.invitation_revoked'],
      actions: ['member.invited', 'member.invitation_revoked'],
    });
  });

  it('a token is accepted with a session that has the standard claims of a verified address', async () => {
    const { token } = await invite('lena@example.com');
    const lena = await session('member-lena', { claims: { email: 'lena@example.com', email_verified: true } });
    expect((await accept(lena, token)).status).toBe(200);
  });

  it('a token is refused with an account that already belongs to another member', async () => {
    await accepted('mia@example.com', 'member-mia');
    const { token } = await invite('mia.new@example.com');
    expect(problemOf(await accept(await session('member-mia', { email: 'mia.new@example.com' }), token))).toBe('409 conflict');
  });
});
