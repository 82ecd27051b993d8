import { decodeJwt } from 'jose';
import { randomUUID } from 'node:crypto';
import { ORGANIZATION_CLAIM } from '../../apps/api/src/authentication/session-claims.js';
import { memberNotice, organizationNotice, svixHeaders } from '../../apps/api/src/identity/development-notice.js';
import { IdentityProvider, traceWith } from '../support/system/identity.provider.js';
import { acceptInvitation, invitationToken } from '../support/system/invitations.js';
import { System } from '../support/system/system.js';
import { waitFor } from '../support/time/wait-for.js';

const MINUTE = 60_000;
const SECRET = `whsec_${Buffer.from('the current secret of the tests').toString('base64')}`;
const PREVIOUS = `whsec_${Buffer.from('the previous secret of the tests').toString('base64')}`;

let system: System;
let provider: IdentityProvider;
let acme: { id: string; provider_id: string };
let globex: { id: string; provider_id: string };

beforeAll(async () => {
  system = await System.start({ worker: false, environment: { METRIC_INTERVAL_MS: '100' } });
  provider = new IdentityProvider(system);
  [acme, globex] = (await system.query<typeof acme>(
    `select id, provider_id from organizations_organization where slug in ('acme', 'globex') order by slug`,
  )) as [typeof acme, typeof globex];
});
afterAll(() => system.stop());

/** Everything that a webhook about an organization could change. */
const stateOf = async ({ id }: { id: string }) => ({
  organization: await system.query('select * from organizations_organization where id = $1', [id]),
  members: await system.query('select * from organizations_member where organization_id = $1 order by id', [id]),
  events: await system.query('select event_id from outbox.outbox_log where organization_id = $1 order by position', [id]),
  entries: await system.query('select id from audit.record where organization_id = $1 order by id', [id]),
});

describe('the signature of the webhook of the identity provider', () => {
  const text = () => JSON.stringify(memberNotice(provider.newMember(acme.provider_id), { action: 'CREATE' }));

  it('a delivery without a valid signature gets 400, changes nothing, and is logged without its content', async () => {
    const before = await stateOf(acme);
    const body = text();
    const valid = svixHeaders(body);
    for (const headers of [
      { 'svix-signature': 'v1,AAAA' },
      { 'svix-id': 'msg_other' },
      svixHeaders(`${body} `),
      svixHeaders(body, { secret: SECRET }),
      svixHeaders(body, { sentAt: Date.now() - 6 * MINUTE }),
      svixHeaders(body, { sentAt: Date.now() + 6 * MINUTE }),
    ]) {
      const answer = await provider.deliver(body, { ...valid, ...headers });
      expect(answer).toMatchObject({ status: 400, body: { detail: 'The signature of the webhook is not valid.' } });
    }
    expect((await system.request('POST', '/identity/webhook', { body })).status).toBe(400);
    expect(await stateOf(acme)).toEqual(before);
    const lines = await waitFor('the lines', () => {
      const found = system.api.linesOf('webhook_refused');
      return found.length >= 7 && found;
    });
    expect(new Set(lines.map((line) => line['webhook.reason']))).toEqual(
      new Set(['signature_invalid', 'timestamp_out_of_tolerance', 'signature_missing']),
    );
    expect(JSON.stringify(lines)).not.toContain('@example.com');
  });

  it('a delivery may be signed with each configured secret, and then not with the secret of development', async () => {
    const api = await system.startApi({ IDENTITY_WEBHOOK_SECRETS: `${SECRET},${PREVIOUS}` });
    const send = async (secret?: string) => {
      const body = text();
      const headers = svixHeaders(body, secret === undefined ? {} : { secret });
      return (await system.request('POST', '/identity/webhook', { body, headers, port: api.port })).status;
    };
    expect(await Promise.all([send(SECRET), send(PREVIOUS), send()])).toEqual([200, 200, 400]);
    await api.stop();
    system.services.splice(system.services.indexOf(api), 1);
  });

  it('a delivery gets 404 in production without a configured secret, also with the secret of development', async () => {
    const api = await system.startApi({
      NODE_ENV: 'production',
      SESSION_JWKS_URL: 'https://keys.example.com',
      SESSION_ISSUER: 'issuer',
      SESSION_AUDIENCE: 'audience',
      CURSOR_SECRET: 'a secret of the tests, long enough for it',
    });
    const body = text();
    const answer = await system.request('POST', '/identity/webhook', { body, headers: svixHeaders(body), port: api.port });
    expect(answer).toMatchObject({ status: 404, body: { detail: 'This webhook is not configured.' } });
    await api.stop();
    system.services.splice(system.services.indexOf(api), 1);
  });

  it('a repeated delivery has no second effect, even at the same time or after the member has changed', async () => {
    const person = provider.newMember(acme.provider_id);
    const body = JSON.stringify(memberNotice(person, { action: 'CREATE' }));
    const headers = svixHeaders(body, { id: `msg_${randomUUID()}` });
    const answers = await Promise.all(Array.from({ length: 8 }, () => provider.deliver(body, headers)));
    expect(answers.map(({ body: answer }) => answer['outcome']).toSorted()).toEqual([
      ...Array<string>(7).fill('duplicate'),
      'handled',
    ]);
    await provider.outcomeOf(memberNotice(person, { action: 'DELETE' }));
    expect((await provider.deliver(body, headers)).body).toEqual({ outcome: 'duplicate' });
    const [row] = await provider.membershipsOf(person);
    expect(await provider.traceOf(row!.id)).toEqual(traceWith('member.joined', 'member.removed'));
  });
});

describe('a webhook of the identity provider that concerns nothing here', () => {
  it('a webhook about an unknown object gets 200 and is counted', async () => {
    const unknown = `organization-test-${randomUUID()}`;
    const notice = organizationNotice(unknown, 'Unknown');
    expect(await provider.outcomeOf(notice)).toBe('unknown_organization');
    expect(await provider.outcomeOf(memberNotice(provider.newMember(unknown), { action: 'CREATE' }))).toBe(
      'unknown_organization',
    );
    expect(await provider.outcomeOf(memberNotice(provider.newMember(unknown), { action: 'DELETE' }))).toBe('unknown_member');
    expect(await provider.outcomeOf({ ...notice, object_type: 'saml_connection' })).toBe('unknown_type');
    expect(await provider.outcomeOf({ ...notice, timestamp: 'never' })).toBe('unreadable');
    await waitFor('the metric', () => system.lines.some((line) => line['webhook.ignored'] !== undefined));
    expect(system.lines.filter(({ event }) => event === 'audit_record_missing')).toEqual([]);
  });
});

describe('a webhook of the identity provider about one organization', () => {
  it('a webhook never changes another organization, even if both claim the id of a member', async () => {
    const person = provider.newMember(acme.provider_id);
    await provider.outcomeOf(memberNotice(person, { action: 'CREATE' }));
    const before = [await stateOf(acme), await stateOf(globex)];
    for (const changed of [{}, { roles: ['stytch_admin'] }, { status: 'deleted' }, { email: 'gina@example.com' }]) {
      const claimed = { ...person, organization: globex.provider_id, ...changed };
      expect(await provider.outcomeOf(memberNotice(claimed))).toBe('other_organization');
    }
    expect([await stateOf(acme), await stateOf(globex)]).toEqual(before);
    await waitFor('the line', () => system.api.linesOf('identity_member_of_another_organization').length === 4);
  });

  it('a webhook never changes another organization, even if it has the address of a member there', async () => {
    const before = await stateOf(globex);
    const person = provider.newMember(acme.provider_id, { email: 'gina@example.com', roles: ['stytch_admin'] });
    expect(await provider.outcomeOf(memberNotice(person, { action: 'CREATE' }))).toBe('handled');
    expect(await provider.outcomeOf(memberNotice(person, { action: 'DELETE' }))).toBe('handled');
    expect(await stateOf(globex)).toEqual(before);
  });

  it('a webhook changes nothing if the ids of a member and an organization are swapped', async () => {
    const before = [await stateOf(acme), await stateOf(globex)];
    const [gina] = await system.query<{ provider_id: string }>(
      'select provider_id from organizations_member where organization_id = $1',
      [globex.id],
    );
    expect(await provider.outcomeOf(organizationNotice(gina!.provider_id, 'x', { action: 'DELETE' }))).toBe(
      'unknown_organization',
    );
    const swapped = { ...provider.newMember(acme.provider_id), id: globex.provider_id };
    expect(await provider.outcomeOf(memberNotice(swapped, { action: 'DELETE' }))).toBe('unknown_member');
    expect([await stateOf(acme), await stateOf(globex)]).toEqual(before);
    expect(await provider.outcomeOf(organizationNotice(globex.provider_id, 'Globex 2'))).toBe('handled');
  });
});

describe('a member who is removed at the identity provider', () => {
  it('a member who is removed is refused by the next request to two api processes, while no worker runs', async () => {
    const person = provider.newMember(acme.provider_id);
    await provider.outcomeOf(memberNotice(person, { action: 'CREATE' }));
    await system.startApi();
    const ports = system.services.map(({ port }) => port);
    const statuses = () =>
      Promise.all(ports.map(async (port) => (await system.request('GET', '/me', { as: person.email, port })).status));
    expect(await statuses()).toEqual([200, 200]);
    expect(await provider.outcomeOf(memberNotice(person, { action: 'DELETE', source: 'DASHBOARD' }))).toBe('handled');
    expect(await statuses()).toEqual([403, 403]);
  });

  it('a person who is deleted can neither accept an invitation nor create an organization with a session that is still valid', async () => {
    const email = `${randomUUID()}@example.com`;
    const invitation = { email, role: 'admin' };
    const { body } = await system.request('POST', '/members/invitations', { as: 'alice@example.com', body: invitation });
    const invited = await system.newToken(email);
    const founder = await system.newToken(email, undefined, { newOrganization: true });
    for (const token of [invited, founder]) {
      const { organization_id: organization } = decodeJwt(token)[ORGANIZATION_CLAIM] as { organization_id: string };
      const notice = memberNotice({ id: decodeJwt(token).sub!, organization, email }, { action: 'DELETE' });
      expect(await provider.outcomeOf(notice)).toBe('unknown_member');
    }
    const accepted = await acceptInvitation(system, invited, await invitationToken(system, body['id']));
    const created = await system.request('POST', '/organizations', {
      headers: { authorization: `Bearer ${founder}` },
      body: { name: 'Gone', slug: 'gone' },
    });
    const refused = { status: 403, body: { detail: 'This person was deleted at the session provider.' } };
    expect([accepted, created]).toMatchObject([refused, refused]);
    expect(await provider.traceOf(String(body['id']))).toEqual(traceWith('member.invited'));
  });
});
