import { memberNotice, organizationNotice, type StytchMember } from '../../apps/api/src/identity/development-notice.js';
import { withConnection } from '../support/database/database.js';
import { IdentityProvider, traceWith } from '../support/system/identity.provider.js';
import { System } from '../support/system/system.js';
import { waitFor } from '../support/time/wait-for.js';

const ALICE = 'alice@example.com'; // an admin of acme
const SECOND = 1_000_000; // in microseconds
const ADMIN_ROLES = ['stytch_member', 'stytch_admin'];

let system: System;
let provider: IdentityProvider;
let acme: { id: string; provider_id: string };

beforeAll(async () => {
  system = await System.start({ worker: false, environment: { METRIC_INTERVAL_MS: '100' } });
  provider = new IdentityProvider(system);
  [acme] = (await system.query<typeof acme>(`select id, provider_id from organizations_organization where slug = 'acme'`)) as [
    typeof acme,
  ];
});
afterAll(() => expect(system.lines.filter(({ event }) => event === 'audit_record_missing')).toEqual([]));
afterAll(() => system.stop());

const invite = async ({ email }: StytchMember, role = 'member'): Promise<string> => {
  const { body } = await system.request('POST', '/members/invitations', { as: ALICE, body: { email, role, name: 'Invited' } });
  return body['id'] as string;
};
const WAITING_FOR_ORGANIZATION = `select from pg_stat_activity
  where datname = current_database() and wait_event_type = 'Lock' and query like '%organizations_organization%'`;
const NONE = { id: 'none' };
const now = () => Date.now() * 1000;
const linesOf = (event: string, value: string) =>
  waitFor(`the line ${event}`, () => system.api.linesOf(event).find((line) => JSON.stringify(line).includes(value)));

describe('the webhook of the identity provider: members', () => {
  it('makes a member join, change the role and leave as at the provider, with one event and one entry of each', async () => {
    const dora = provider.newMember(acme.provider_id, { name: ' Dora ' });
    expect(await provider.outcomeOf(memberNotice(dora, { action: 'CREATE' }))).toBe('handled');
    expect(await provider.outcomeOf(memberNotice({ ...dora, roles: ADMIN_ROLES }))).toBe('handled');
    expect(await provider.outcomeOf(memberNotice(dora))).toBe('handled');
    expect(await provider.outcomeOf(memberNotice(dora, { action: 'DELETE', source: 'SCIM' }))).toBe('handled');
    const [row] = await provider.membershipsOf(dora);
    expect(row).toEqual({ id: expect.any(String), role: 'member', status: 'removed', name: 'Dora' });
    const events = await system.query(
      `select event_type, organization_id, payload->'data' as data, payload->'actor' as actor from outbox.outbox_log
       where aggregate_id = $1 order by position`,
      [row!.id],
    );
    const event = (event_type: string, data: object) => ({
      event_type,
      organization_id: acme.id,
      data: { user_id: expect.any(String), email: dora.email, ...data },
      actor: { type: 'system', id: 'stytch' },
    });
    expect(events).toEqual([
      event('member.joined', { name: 'Dora', role: 'member' }),
      event('member.role_changed', { old_role: 'member', new_role: 'admin' }),
      event('member.role_changed', { old_role: 'admin', new_role: 'member' }),
      event('member.removed', { role: 'member' }),
    ]);
    expect(
      await system.query(
        'select action, actor_type, actor_id, organization_id from audit.record where aggregate_id = $1 order by id',
        [row!.id],
      ),
    ).toEqual(
      events.map(({ event_type: action }) => ({ action, actor_type: 'system', actor_id: 'stytch', organization_id: acme.id })),
    );
  });

  it.each([
    ['and keeps the role of the invitation', 'admin', [], 'admin'],
    ['and makes the person an admin who is one at the provider', 'member', ADMIN_ROLES, 'admin'],
  ])('accepts a pending invitation of a member who becomes active at the provider, %s', async (_, invited, roles, role) => {
    const person = provider.newMember(acme.provider_id, { roles });
    const id = await invite(person, invited);
    expect(await provider.outcomeOf(memberNotice({ ...person, status: 'invited' }, { action: 'CREATE' }))).toBe('unchanged');
    expect(await provider.outcomeOf(memberNotice(person))).toBe('handled');
    expect(await provider.membershipsOf(person)).toEqual([{ id, role, status: 'active', name: 'Invited' }]);
    expect(await provider.traceOf(id)).toEqual(traceWith('member.invited', 'member.joined'));
  });

  it('publishes member.removed once if the api has removed the member before the provider reports it', async () => {
    const person = provider.newMember(acme.provider_id);
    await provider.outcomeOf(memberNotice(person, { action: 'CREATE' }));
    const [{ id } = NONE] = await provider.membershipsOf(person);
    expect((await system.request('DELETE', `/members/${id}`, { as: ALICE })).status).toBe(204);
    expect(await provider.outcomeOf(memberNotice(person, { action: 'DELETE' }))).toBe('unchanged');
    expect(await provider.traceOf(id)).toEqual(traceWith('member.joined', 'member.removed'));
  });

  it('publishes and records nothing if the api has given the member the role that the provider reports', async () => {
    const person = provider.newMember(acme.provider_id);
    await provider.outcomeOf(memberNotice(person, { action: 'CREATE' }));
    const [{ id } = NONE] = await provider.membershipsOf(person);
    await system.request('PATCH', `/members/${id}`, { as: ALICE, body: { role: 'admin' } });
    expect(await provider.outcomeOf(memberNotice({ ...person, roles: ADMIN_ROLES }))).toBe('unchanged');
    expect(await provider.traceOf(id)).toEqual(traceWith('member.joined', 'member.role_changed'));
  });

  it('restores neither a role that the api has taken nor a membership that it has ended if only the profile changes at the provider', async () => {
    const person = provider.newMember(acme.provider_id, { roles: ADMIN_ROLES });
    await provider.outcomeOf(memberNotice(person, { action: 'CREATE' }));
    const [{ id } = NONE] = await provider.membershipsOf(person);
    await system.request('PATCH', `/members/${id}`, { as: ALICE, body: { role: 'member' } });
    expect(await provider.outcomeOf(memberNotice({ ...person, name: 'Renamed' }))).toBe('unchanged');
    await system.request('DELETE', `/members/${id}`, { as: ALICE });
    expect(await provider.outcomeOf(memberNotice({ ...person, name: 'Again' }))).toBe('unchanged');
    expect(await provider.membershipsOf(person)).toEqual([{ id, role: 'member', status: 'removed', name: null }]);
    expect(await provider.traceOf(id)).toEqual(traceWith('member.joined', 'member.role_changed', 'member.removed'));
  });

  it('does not bring a member back whom the api removed before the first webhook about that member', async () => {
    const person = provider.newMember(acme.provider_id);
    const id = await invite(person);
    await system.query(`update organizations_member set status = 'removed', removed_at = now(), provider_id = $2 where id = $1`, [
      id,
      person.id,
    ]);
    expect(await provider.outcomeOf(memberNotice(person, { action: 'CREATE' }))).toBe('unchanged');
    expect(await provider.outcomeOf(memberNotice({ ...person, roles: ADMIN_ROLES }))).toBe('unchanged');
    expect(await provider.membershipsOf(person)).toMatchObject([{ id, status: 'removed' }]);
  });

  it('does not bring a member back whom the api removes while the first webhook about that member waits', async () => {
    const person = provider.newMember(acme.provider_id);
    const id = await invite(person);
    await system.query(`update organizations_member set status = 'active', provider_id = $2 where id = $1`, [id, person.id]);
    await withConnection(system.database.ownerUrl, async (client) => {
      await client.query('begin');
      await client.query('select from organizations_organization where id = $1 for update', [acme.id]);
      const outcome = provider.outcomeOf(memberNotice(person, { action: 'CREATE' }));
      await waitFor('the webhook waits for the organization', async () =>
        Boolean((await system.query(WAITING_FOR_ORGANIZATION)).length),
      );
      await client.query(`update organizations_member set status = 'removed', removed_at = now() where id = $1`, [id]);
      await client.query('commit');
      expect(await outcome).toBe('unchanged');
    });
    expect(await provider.membershipsOf(person)).toMatchObject([{ id, status: 'removed' }]);
  });

  it('creates a second membership if the provider deletes and reactivates the member', async () => {
    const person = provider.newMember(acme.provider_id);
    await provider.outcomeOf(memberNotice(person, { action: 'CREATE' }));
    await provider.outcomeOf(memberNotice(person, { action: 'DELETE' }));
    expect(await provider.outcomeOf(memberNotice(person))).toBe('handled');
    const memberships = await provider.membershipsOf(person);
    expect(memberships.map(({ status }) => status)).toEqual(['removed', 'active']);
    expect(await provider.traceOf(memberships[0]!.id)).toEqual(traceWith('member.joined', 'member.removed'));
    expect(await provider.traceOf(memberships[1]!.id)).toEqual(traceWith('member.joined'));
  });

  it('refuses a second member with the address of an active one until the provider reports that the first was deleted', async () => {
    const first = provider.newMember(acme.provider_id);
    const second = { ...provider.newMember(acme.provider_id), email: first.email };
    await provider.outcomeOf(memberNotice(first, { action: 'CREATE' }));
    const created = memberNotice(second, { action: 'CREATE' });
    expect(await provider.outcomeOf(created)).toBe(503);
    await linesOf('identity_member_conflict', second.id);
    expect(await provider.outcomeOf(memberNotice(first, { action: 'DELETE' }))).toBe('handled');
    expect(await provider.outcomeOf(created)).toBe('handled');
    expect(await provider.membershipsOf(second)).toMatchObject([{ status: 'active' }]);
  });

  it('removes the last admin too, and logs and counts that the organization has none', async () => {
    const { id, provider_id: organization } = await provider.createOrganization('Orphans');
    const admin = provider.newMember(organization, { roles: ADMIN_ROLES });
    await provider.outcomeOf(memberNotice(admin, { action: 'CREATE' }));
    expect(await provider.outcomeOf(memberNotice(admin, { action: 'DELETE' }))).toBe('handled');
    const other = provider.newMember(organization);
    await provider.outcomeOf(memberNotice(other, { action: 'CREATE' }));
    await provider.outcomeOf(memberNotice(other, { action: 'DELETE' }));
    expect(await linesOf('organization_without_admin', id)).toMatchObject({ level: 'WARNING', 'organization.id': id });
    await waitFor('the metric', () => system.lines.find((line) => line['organization.without_admin'] === 1));
    expect(system.api.linesOf('organization_without_admin').filter((line) => line['organization.id'] === id)).toHaveLength(1);
  });

  it('does not demote the last admin by the first webhook about that member, and does by a later change', async () => {
    const { id, provider_id: organization } = await provider.createOrganization('Founded');
    const founder = provider.newMember(organization);
    await system.query(
      `with u as (insert into organizations_user (id, email, email_key) values (gen_random_uuid(), $1, $1) returning id)
       insert into organizations_member (id, organization_id, user_id, email, role, status, provider_id, joined_at)
       select gen_random_uuid(), $2, id, $1, 'admin', 'active', $3, now() from u`,
      [founder.email, id, founder.id],
    );
    const notices = [founder, founder, { ...founder, roles: ADMIN_ROLES }, founder].map((member, index) =>
      memberNotice(member, { at: now() + index * SECOND }),
    );
    const roles: unknown[] = [];
    for (const notice of notices) {
      await provider.outcomeOf(notice);
      roles.push((await provider.membershipsOf(founder))[0]!.role);
    }
    expect(roles).toEqual(['admin', 'admin', 'admin', 'member']);
    expect(await linesOf('identity_last_admin_kept', founder.id)).toMatchObject({ level: 'WARNING', 'organization.id': id });
  });

  it('lets a person whose address cannot receive mail join once the provider has corrected it', async () => {
    const person = provider.newMember(acme.provider_id, { email: '"quoted"@example.com' });
    expect(await provider.outcomeOf(memberNotice(person, { action: 'CREATE' }))).toBe('unchanged');
    await linesOf('identity_member_without_address', person.id);
    expect(await provider.membershipsOf(person)).toEqual([]);
    const corrected = { ...person, email: provider.newMember('').email };
    expect(await provider.outcomeOf(memberNotice(corrected))).toBe('handled');
    const [joined] = await provider.membershipsOf(person);
    expect(joined).toMatchObject({ role: 'member', status: 'active' });
    await system.request('DELETE', `/members/${joined!.id}`, { as: ALICE });
    expect(await provider.outcomeOf(memberNotice(corrected))).toBe('unchanged'); // removed here, so not brought back
    expect(await provider.membershipsOf(person)).toMatchObject([{ status: 'removed' }]);
  });
});

describe('the webhook of the identity provider: order', () => {
  it('ignores a webhook that is older than the newest about the member', async () => {
    const person = provider.newMember(acme.provider_id);
    const at = now();
    await provider.outcomeOf(memberNotice({ ...person, roles: ADMIN_ROLES }, { at: at + 2 }));
    expect(await provider.outcomeOf(memberNotice(person, { action: 'CREATE', at }))).toBe('outdated');
    expect(await provider.outcomeOf(memberNotice(person, { at: at + 1 }))).toBe('outdated');
    expect(await provider.membershipsOf(person)).toMatchObject([{ role: 'admin', status: 'active' }]);
  });

  it('does not create a member whose deletions have arrived first', async () => {
    const person = provider.newMember(acme.provider_id);
    const at = now();
    expect(await provider.outcomeOf(memberNotice(person, { action: 'DELETE', at: at + 1 }))).toBe('unknown_member');
    expect(await provider.outcomeOf(memberNotice(person, { action: 'DELETE', at: at + 3 }))).toBe('unknown_member');
    expect(await provider.outcomeOf(memberNotice(person, { action: 'CREATE', at }))).toBe('outdated');
    expect(await provider.outcomeOf(memberNotice(person, { at: at + 2 }))).toBe('outdated');
    expect(await provider.membershipsOf(person)).toEqual([]);
  });

  it('ends with the role at the provider if the api and then the provider change it and their webhooks arrive in the other order', async () => {
    const person = provider.newMember(acme.provider_id);
    const at = now();
    await provider.outcomeOf(memberNotice(person, { action: 'CREATE', at }));
    const [{ id } = NONE] = await provider.membershipsOf(person);
    await system.request('PATCH', `/members/${id}`, { as: ALICE, body: { role: 'admin' } }); // also made at the provider, at + 1
    expect(await provider.outcomeOf(memberNotice(person, { at: at + 2 * SECOND }))).toBe('unchanged');
    expect(await provider.outcomeOf(memberNotice({ ...person, roles: ADMIN_ROLES }, { at: at + SECOND }))).toBe('handled');
    expect(await provider.membershipsOf(person)).toMatchObject([{ role: 'member' }]);
  });

  it.each([
    ['first', true],
    ['second', false],
  ])('applies the webhook that gives fewer rights, of two with the same time, if it arrives %s', async (_, isFirst) => {
    const at = now();
    const person = provider.newMember(acme.provider_id);
    await provider.outcomeOf(memberNotice(person, { action: 'CREATE', at: at - 1 }));
    const notices = [memberNotice(person, { action: 'DELETE', at }), memberNotice({ ...person, roles: ADMIN_ROLES }, { at })];
    for (const notice of isFirst ? notices : notices.toReversed()) await provider.deliver(notice);
    expect(await provider.membershipsOf(person)).toMatchObject([{ status: 'removed' }]);
  });
});

describe('the webhook of the identity provider: organizations', () => {
  it('renames an organization and publishes that once', async () => {
    const { id, provider_id: organization } = await provider.createOrganization('Before');
    expect(await provider.outcomeOf(organizationNotice(organization, 'Größe & Co'))).toBe('handled');
    expect(await provider.outcomeOf(organizationNotice(organization, 'Größe & Co'))).toBe('unchanged');
    expect(await provider.outcomeOf(organizationNotice(organization, 'Late', { at: now() - 60 * SECOND }))).toBe('outdated');
    expect(await provider.traceOf(id)).toEqual(traceWith('organization.updated'));
    const [event] = await system.query<{ data: unknown }>(
      `select payload->'data' as data from outbox.outbox_log where aggregate_id = $1`,
      [id],
    );
    expect(event!.data).toEqual({ changed: ['name'], old: { name: 'Before' }, new: { name: 'Größe & Co' } });
  });

  it('deletes an organization: every process refuses the next request of its members, and later webhooks change nothing', async () => {
    const { id, provider_id: organization } = await provider.createOrganization('Short-lived');
    const admin = provider.newMember(organization, { roles: ADMIN_ROLES });
    await provider.outcomeOf(memberNotice(admin, { action: 'CREATE' }));
    await system.startApi();
    const ports = system.services.map(({ port }) => port);
    const statuses = () =>
      Promise.all(ports.map(async (port) => (await system.request('GET', '/me', { as: admin.email, port })).status));
    expect(await statuses()).toEqual([200, 200]);
    expect(await provider.outcomeOf(organizationNotice(organization, '', { action: 'DELETE' }))).toBe('handled');
    expect(await statuses()).toEqual([403, 403]);
    expect(await provider.outcomeOf(organizationNotice(organization, 'Risen', { at: now() + SECOND }))).toBe('unchanged');
    expect(await provider.outcomeOf(memberNotice(provider.newMember(organization), { action: 'CREATE' }))).toBe(
      'unknown_organization',
    );
    expect(await provider.traceOf(id)).toEqual(traceWith('organization.deleted'));
  });
});
