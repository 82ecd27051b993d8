import { randomUUID } from 'node:crypto';
import {
  memberNotice,
  organizationNotice,
  svixHeaders,
  type StytchBody,
  type StytchMember,
} from '../../apps/api/src/identity/development-notice.js';
import { System, type ApiResponse } from '../support/system/system.js';

const ALICE = 'alice@example.com'; // an admin of acme
const CAROL = 'carol@example.com'; // a member of acme
const GINA = 'gina@example.com'; // the admin of globex

let system: System;
let acme: { id: string; provider_id: string };
let globex: { id: string; provider_id: string };

beforeAll(async () => {
  system = await System.start({ worker: false });
  [acme, globex] = (await system.query<typeof acme>(
    `select id, provider_id from organizations_organization where slug in ('acme', 'globex') order by slug`,
  )) as [typeof acme, typeof globex];
});
afterAll(async () => {
  expect(system.lines.filter(({ event }) => event === 'audit_record_missing')).toEqual([]);
  await system.stop();
});

async function deliver(body: StytchBody | string, headers: Record<string, string> = {}): Promise<ApiResponse> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return system.request('POST', '/identity/webhook', { body: text, headers: { ...svixHeaders(text), ...headers } });
}
const outcomeOf = async (body: StytchBody) => {
  const { status, body: answer } = await deliver(body);
  return status === 200 ? answer['outcome'] : status;
};
const newMember = (changed: Partial<StytchMember> = {}): StytchMember => ({
  id: `member-test-${randomUUID()}`,
  organization: acme.provider_id,
  email: `${randomUUID()}@example.com`,
  ...changed,
});
const membersOf = ({ id }: StytchMember) =>
  system.query<{ id: string; role: string; status: string; name: string | null }>(
    'select id, role, status, name from organizations_member where provider_id = $1 order by id',
    [id],
  );

/** The events and audit entries about an aggregate. */
async function traceOf(id: string): Promise<{ events: unknown[]; entries: unknown[] }> {
  return {
    events: await system.query(
      `select event_type, organization_id, payload->'data' as data, payload->'actor' as actor
       from outbox.outbox_log where aggregate_id = $1 order by position`,
      [id],
    ),
    entries: await system.query(
      `select action, actor_type, actor_id, organization_id from audit.record where aggregate_id = $1 order by id`,
      [id],
    ),
  };
}
const STYTCH = { type: 'system', id: 'stytch' };

describe('a member at the identity provider', () => {
  it('joins, changes the role and leaves here too, with one event and one entry of each', async () => {
    const dora = newMember({ name: ' Dora ' });
    expect(await outcomeOf(memberNotice(dora, { action: 'CREATE' }))).toBe('handled');
    expect(await outcomeOf(memberNotice({ ...dora, roles: ['stytch_member', 'stytch_admin'] }))).toBe('handled');
    expect(await outcomeOf(memberNotice(dora))).toBe('handled');
    expect(await outcomeOf(memberNotice(dora, { action: 'DELETE', source: 'SCIM' }))).toBe('handled');
    const [row] = await membersOf(dora);
    expect(row).toEqual({ id: expect.any(String), role: 'member', status: 'removed', name: 'Dora' });
    const { events, entries } = await traceOf(row!.id);
    const event = (event_type: string, data: object) => ({
      event_type,
      organization_id: acme.id,
      data: { user_id: expect.any(String), email: dora.email, ...data },
      actor: STYTCH,
    });
    expect(events).toEqual([
      event('member.joined', { name: 'Dora', role: 'member' }),
      event('member.role_changed', { old_role: 'member', new_role: 'admin' }),
      event('member.role_changed', { old_role: 'admin', new_role: 'member' }),
      event('member.removed', { role: 'member' }),
    ]);
    expect(entries).toEqual(
      ['member.joined', 'member.role_changed', 'member.role_changed', 'member.removed'].map((action) => ({
        action,
        actor_type: 'system',
        actor_id: 'stytch',
        organization_id: acme.id,
      })),
    );
  });
});

describe('an organization at the identity provider', () => {
  it('is renamed here too, and keeps its slug', async () => {
    expect(await outcomeOf(organizationNotice(globex.provider_id, 'Globex Corporation'))).toBe('handled');
    expect((await system.request('GET', '/organization', { as: GINA })).body).toMatchObject({
      name: 'Globex Corporation',
      slug: 'globex',
    });
    expect(await traceOf(globex.id)).toEqual({
      events: [
        expect.objectContaining({
          event_type: 'organization.updated',
          data: { changed: ['name'], old: { name: 'Globex' }, new: { name: 'Globex Corporation' } },
        }),
      ],
      entries: [expect.objectContaining({ action: 'organization.updated', actor_id: 'stytch' })],
    });
  });
});
