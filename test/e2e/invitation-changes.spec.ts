import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { acceptInvitation, invitationToken, tracesOf } from '../support/system/invitations.js';
import { System, type ApiResponse } from '../support/system/system.js';

const ALICE = 'alice@example.com'; // an admin of acme
const GINA = 'gina@example.com'; // an admin of globex
const CAROL = 'carol@example.com'; // a member of acme

let system: System;
beforeAll(async () => {
  system = await System.start();
});
afterAll(() =>
  expect(system.lines.filter(({ event, level }) => event === 'audit_record_missing' || level === 'ERROR')).toEqual([]),
);
afterAll(() => system.stop());

const invite = async (email: string, as = ALICE): Promise<string> =>
  (await system.request('POST', '/members/invitations', { as, body: { email, role: 'member' } })).body['id'] as string;
const resend = (id: string, as = ALICE) =>
  system.request('POST', `/members/invitations/${id}/resend`, { as, headers: { prefer: 'change-token' } });
const revoke = (id: string, as = ALICE) => system.request('DELETE', `/members/invitations/${id}`, { as });
const problemOf = ({ status, body }: ApiResponse) => `${status} ${String(body['type']).replace('urn:pikaia:problem:', '')}`;
const invitedAt = async (id: string): Promise<Date> =>
  (await system.query<{ invited_at: Date }>('select invited_at from organizations_member where id = $1', [id]))[0]!.invited_at;

/** Makes the last invitation older, so that it may be sent again. */
const age = (id: string, seconds: number) =>
  system.query('update organizations_member set invited_at = invited_at - make_interval(secs => $2) where id = $1', [
    id,
    seconds,
  ]);

async function emailOf(answer: ApiResponse): Promise<string> {
  await system.waitUntilSeen('welcome-email', answer);
  const [event] = await system.query<{ event_id: string }>('select event_id from outbox.outbox_log where correlation_id = $1', [
    answer.headers.get('x-correlation-id'),
  ]);
  return readFileSync(join(system.directory, 'mail', `${event!.event_id}.eml`), 'utf8').replaceAll('=\r\n', '');
}
const tokenIn = (email: string): string => /accept\?token=(?:3D)?([\w-]+\.[\w-]+\.[\w-]+)/.exec(email)![1]!;

describe('an invitation that is sent again', () => {
  it('sends an email with a new token, which is accepted, while the old token is not', async () => {
    const id = await invite('bob@example.com');
    await age(id, 120);
    const old = await invitationToken(system, id);
    const answer = await resend(id);
    expect(answer).toMatchObject({ status: 200, body: { id, email: 'bob@example.com', role: 'member', status: 'invited' } });
    const token = tokenIn(await emailOf(answer));
    expect(token).toBe(await invitationToken(system, id));
    const bob = await system.token('bob@example.com');
    expect(problemOf(await acceptInvitation(system, bob, old))).toBe('410 invitation-replaced');
    expect((await acceptInvitation(system, bob, token)).status).toBe(200);
    expect((await system.request('GET', '/me', { as: 'bob@example.com' })).body).toMatchObject({ member_id: id });
    expect(await tracesOf(system, 'aggregate_id', id)).toEqual({
      events: ['member.invited', 'member.invited', 'member.joined'],
      actions: ['member.invited', 'member.invited', 'member.joined'],
    });
  });

  it('less than a minute after the last time gets 429 with Retry-After, and nothing is sent', async () => {
    const id = await invite('dora@example.com');
    await age(id, 45);
    const before = await invitedAt(id);
    const answer = await resend(id);
    expect(problemOf(answer)).toBe('429 invitation-recently-sent');
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(answer.headers.get('retry-after'))).toBeLessThanOrEqual(15);
    expect(await invitedAt(id)).toEqual(before);
    await age(id, 16);
    expect((await resend(id)).status).toBe(200);
    expect(Number((await resend(id)).headers.get('retry-after'))).toBeGreaterThan(50);
  });

  it('waits a minute at most if the clock of another process was ahead', async () => {
    const id = await invite('egon@example.com');
    await age(id, -3_600);
    const answer = await resend(id);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '60']);
  });

  it('by ten requests at the same time is sent once', async () => {
    const id = await invite('frida@example.com');
    await age(id, 120);
    const answers = await Promise.all(Array.from({ length: 10 }, () => resend(id)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array<number>(9).fill(429)]);
  });
});

describe('an invitation that is withdrawn', () => {
  it('publishes member.invitation_revoked and never member.removed, and the person can be invited anew', async () => {
    const id = await invite('gerd@example.com');
    expect((await revoke(id)).status).toBe(204);
    expect(await tracesOf(system, 'aggregate_id', id)).toEqual({
      events: ['member.invited', 'member.invitation_revoked'],
      actions: ['member.invited', 'member.invitation_revoked'],
    });
    expect((await system.request('GET', `/members/${id}`, { as: ALICE })).status).toBe(404);
    expect(await invite('gerd@example.com')).not.toBe(id);
  });

  it('through DELETE /members/:id does the same', async () => {
    const id = await invite('hans@example.com');
    expect((await system.request('DELETE', `/members/${id}`, { as: ALICE })).status).toBe(204);
    expect((await tracesOf(system, 'aggregate_id', id)).events).toEqual(['member.invited', 'member.invitation_revoked']);
  });

  it('is removed from the cache of permissions', async () => {
    const id = await invite('ida@example.com');
    const answer = await system.request('DELETE', `/members/invitations/${id}`, {
      as: ALICE,
      headers: { prefer: 'change-token' },
    });
    await system.waitUntilSeen('permissions-cache', answer);
    const rows = await system.query('select role from permissions_cache where member_id = $1', [id]);
    expect(rows).toEqual([{ role: null }]);
  });

  it('twice, or after the person has joined, gets a clear problem and publishes nothing more', async () => {
    const id = await invite('jana@example.com');
    expect([(await revoke(id)).status, problemOf(await revoke(id))]).toEqual([204, '404 not-found']);
    expect(problemOf(await resend(id))).toBe('404 not-found');
    const joined = await invite('kai@example.com');
    expect(
      (await acceptInvitation(system, await system.token('kai@example.com'), await invitationToken(system, joined))).status,
    ).toBe(200);
    expect(problemOf(await revoke(joined))).toBe('409 invitation-accepted');
    expect(problemOf(await resend(joined))).toBe('409 invitation-accepted');
    expect((await tracesOf(system, 'aggregate_id', joined)).events).toEqual(['member.invited', 'member.joined']);
  });
});

describe('a member who is removed ten times at the same time', () => {
  it('is removed once', async () => {
    const id = await invite('lena@example.com');
    await acceptInvitation(system, await system.token('lena@example.com'), await invitationToken(system, id));
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => system.request('DELETE', `/members/${id}`, { as: ALICE })),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([204, ...Array<number>(9).fill(404)]);
    expect(await tracesOf(system, 'aggregate_id', id)).toEqual({
      events: ['member.invited', 'member.joined', 'member.removed'],
      actions: ['member.invited', 'member.joined', 'member.removed'],
    });
  });
});

describe('an invitation of another organization', () => {
  it('is neither seen nor changed by an admin of the other, nor by a member of the same', async () => {
    const id = await invite('mia@example.com');
    await age(id, 120);
    const before = await system.query('select * from organizations_member where id = $1', [id]);
    expect([problemOf(await resend(id, GINA)), problemOf(await revoke(id, GINA))]).toEqual(['404 not-found', '404 not-found']);
    expect((await system.request('DELETE', `/members/${id}`, { as: GINA })).status).toBe(404);
    expect([(await resend(id, CAROL)).status, (await revoke(id, CAROL)).status]).toEqual([403, 403]);
    expect(await system.query('select * from organizations_member where id = $1', [id])).toEqual(before);
    expect((await system.request('GET', '/members?limit=100', { as: GINA })).body['data']).not.toContainEqual(
      expect.objectContaining({ id }),
    );
  });

  it('of the same person does not let the person join the other', async () => {
    const [ours, theirs] = [await invite('nora@example.com', ALICE), await invite('nora@example.com', GINA)];
    const inAcme = await system.newToken('nora@example.com', undefined, { organization: 'acme' });
    const inGlobex = await system.newToken('nora@example.com', undefined, { organization: 'globex' });
    const [acmeToken, globexToken] = [await invitationToken(system, ours), await invitationToken(system, theirs)];
    expect(problemOf(await acceptInvitation(system, inAcme, globexToken))).toBe('403 invitation-organization');
    expect((await acceptInvitation(system, inAcme, acmeToken)).status).toBe(200);
    expect((await acceptInvitation(system, inGlobex, globexToken)).status).toBe(200);
    expect((await acceptInvitation(system, inGlobex, acmeToken)).status).toBe(403);
  });
});

it.each(['not-an-id', 'bulk'])('a path with %s instead of an id gets a 4xx', async (id) => {
  expect((await resend(id)).status).toBe(400);
  expect((await revoke(id)).status).toBe(400);
});
