import type { Step } from './day.program.js';
import type { Call } from './recorded.client.js';
import type { Account, ListedMember, SimulatedOrganization } from './simulated.organization.js';

export interface Situation {
  readonly step: Step;
  readonly admin: Account;
  readonly members: readonly ListedMember[];
}

export type OrganizationAction = (organization: SimulatedOrganization, situation: Situation) => Promise<unknown>;

const oneOf = <T>(list: readonly T[], pick: number): T | undefined => list[Math.floor(pick * list.length)];
const withStatus = (members: readonly ListedMember[], status: ListedMember['status']) =>
  members.filter((member) => member.status === status);
const roleFrom = (pick: number): ListedMember['role'] => (pick < 0.4 ? 'admin' : 'member');

/** A new person, one who is invited already, or one whom several organizations know. */
function personFor({ mark }: SimulatedOrganization, { step, members }: Situation): { email: string; name?: string } {
  const [, pick, other] = step.picks;
  const invited = oneOf(withStatus(members, 'invited'), other);
  if (pick < 0.15 && invited) return { email: invited.email };
  if (pick < 0.3) return { email: `consultant-${Math.floor(other * 5)}@shared.example`, name: `Consultant of ${mark}` };
  return { email: `person-${step.number}@${mark}.example`, ...(pick < 0.8 && { name: `Zoë ${step.number} of ${mark}` }) };
}

async function change(
  organization: SimulatedOrganization,
  step: Step,
  account: Account,
  method: string,
  path: string,
  { body, headers }: { body?: object; headers?: Record<string, string> } = {},
): Promise<Call> {
  const token = await organization.token(account);
  return organization.world.client.change({ step, token, method, path, ...(body && { body }), ...(headers && { headers }) });
}

const read = async (organization: SimulatedOrganization, step: Step, account: Account, path: string): Promise<Call> =>
  organization.world.client.read({ step, token: await organization.token(account), path });

/** What the people of an organization do through the API. */
export const MEMBER_ACTIONS = {
  'invites a person': (organization, situation) =>
    change(organization, situation.step, situation.admin, 'POST', '/members/invitations', {
      body: { ...personFor(organization, situation), role: roleFrom(situation.step.picks[2]) },
    }),

  'invites several people': (organization, situation) => {
    const { step, admin, members } = situation;
    const people = [1, 2, 3].map((n) => ({ email: `guest-${step.number}-${n}@${organization.mark}.example`, role: 'member' }));
    const invitations = [...people, { email: 'no address', role: 'member' }, { email: members[0]!.email, role: 'member' }];
    return change(organization, step, admin, 'POST', '/members/invitations/bulk', { body: { invitations } });
  },

  'accepts an invitation': async (organization, { step, members }) => {
    const invited = oneOf(withStatus(members, 'invited'), step.picks[1]);
    const token = invited && (await organization.invitationToken(invited.email));
    if (!token) return;
    const account = organization.accountOf(invited.email) ?? organization.addAccount(invited.email, 'member');
    await change(organization, step, account, 'POST', '/members/invitations/accept', { body: { token } });
  },

  'sends an invitation again': async (organization, { step, admin, members }) => {
    const invited = oneOf(withStatus(members, 'invited'), step.picks[1]);
    if (!invited) return;
    const token = await organization.token(admin); // without a key, because a client does not wait a minute to send it again
    await organization.world.client.send({ step, token, method: 'POST', path: `/members/invitations/${invited.id}/resend` });
  },

  'withdraws an invitation': async (organization, { step, admin, members }) => {
    const invited = oneOf(withStatus(members, 'invited'), step.picks[1]);
    if (invited) await change(organization, step, admin, 'DELETE', `/members/invitations/${invited.id}`);
  },

  'changes a role': async (organization, { step, admin, members }) => {
    const member = oneOf(members, step.picks[1]);
    if (!member) return;
    const { etag } = await read(organization, step, admin, `/members/${member.id}`);
    const headers: Record<string, string> = etag !== undefined && step.picks[2] < 0.5 ? { 'if-match': etag } : {};
    const body = { role: member.role === 'admin' ? 'member' : 'admin' };
    await change(organization, step, admin, 'PATCH', `/members/${member.id}`, { body, headers });
  },

  'removes a member': async (organization, { step, admin, members }) => {
    const member = oneOf(members.slice(1), step.picks[1]); // the founder stays, so that the organization has an admin
    if (member) await change(organization, step, admin, 'DELETE', `/members/${member.id}`);
  },

  'has two admins who demote each other': async (organization, { step, members }) => {
    const [one, other] = organization.activeAccounts(members, 'admin', step.picks[1]);
    if (!one || !other) return;
    const idOf = ({ email }: Account) => members.find((member) => member.email === email)!.id;
    const body = { role: 'member' };
    await Promise.all([
      change(organization, step, one, 'PATCH', `/members/${idOf(other)}`, { body }),
      change(organization, step, other, 'PATCH', `/members/${idOf(one)}`, { body }),
    ]);
  },

  'renames itself': (organization, { step, admin }) =>
    change(organization, step, admin, 'PATCH', '/organization', {
      body: { name: `The ${organization.mark} company ${step.number}` },
    }),

  'has two admins who rename it at the same time': async (organization, { step, admin, members }) => {
    const { etag = '"none"' } = await read(organization, step, admin, '/organization');
    const admins = organization.activeAccounts(members, 'admin', step.picks[1]).slice(0, 2);
    await Promise.all(
      admins.map((account, n) =>
        change(organization, step, account, 'PATCH', '/organization', {
          body: { name: `The ${organization.mark} company ${step.number}-${n}` },
          headers: { 'if-match': etag },
        }),
      ),
    );
  },

  'has a member who changes their name': async (organization, { step, members }) => {
    const [account] = organization.activeAccounts(members, undefined, step.picks[1]);
    if (account)
      await change(organization, step, account, 'PATCH', '/me', { body: { name: `Ö ${step.number} of ${organization.mark}` } });
  },

  'reads everything': async (organization, { step, admin }) => {
    for (const path of ['/me', '/organization', '/members', '/admin/events', '/admin/audit-logs', '/billing/subscription'])
      await read(organization, step, admin, path);
  },

  'tries the ids of another organization': async (organization, { step, admin }) => {
    const { organizations, client } = organization.world;
    const other = oneOf(
      organizations.filter((one) => one !== organization && one.id !== ''),
      step.picks[1],
    );
    const id = other?.memberIds[0];
    if (id === undefined) return;
    const token = await organization.token(admin);
    await client.send({ step, token, method: 'GET', path: `/members/${id}` });
    await client.send({ step, token, method: 'PATCH', path: `/members/${id}`, body: { role: 'admin' } });
    await client.send({ step, token, method: 'DELETE', path: `/members/${id}` });
    await client.send({ step, token, method: 'GET', path: `/admin/audit-logs?aggregate_type=member&aggregate_id=${id}` });
  },

  'sends invalid requests': async (organization, { step, admin, members }) => {
    const { client } = organization.world;
    const token = await organization.token(admin);
    const path = '/members/invitations';
    await client.send({ step, token, method: 'POST', path, body: { email: 'no address', role: 'member' } });
    await client.send({ step, method: 'POST', path, body: { email: `nobody@${organization.mark}.example`, role: 'member' } });
    const [member] = organization.activeAccounts(members, 'member', step.picks[1]);
    const body = { email: `nobody@${organization.mark}.example`, role: 'admin' };
    if (member) await client.send({ step, token: await organization.token(member), method: 'POST', path, body });
    await client.send({ step, method: 'POST', path: '/identity/webhook', body: '{}', headers: { 'svix-id': 'msg_forged' } });
  },

  'exceeds its rate limit': async (organization, { step, admin }) => {
    const token = await organization.token(admin);
    await Promise.all(
      Array.from({ length: 80 }, () => organization.world.client.send({ step, token, method: 'GET', path: '/me' })),
    );
  },
} satisfies Record<string, OrganizationAction>;
