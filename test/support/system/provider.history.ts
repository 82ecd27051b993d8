import { randomUUID } from 'node:crypto';
import {
  memberNotice,
  organizationNotice,
  svixHeaders,
  type StytchBody,
} from '../../../apps/api/src/identity/development-notice.js';
import { membershipFlaws } from './membership.trace.js';
import type { System } from './system.js';

export const PEOPLE = 2;
const ADMIN = 'alice@example.com'; // of acme

type Role = 'member' | 'admin';

export type Step =
  | { readonly do: 'provider adds'; readonly person: number; readonly role: Role; readonly pending: boolean }
  | { readonly do: 'provider sets role' | 'api sets role'; readonly person: number; readonly role: Role }
  | { readonly do: 'provider renames'; readonly name: string }
  | { readonly do: 'api renames'; readonly name: string }
  | { readonly do: 'deliver'; readonly which: number; readonly again: boolean }
  | {
      readonly do:
        'provider removes' | 'provider reactivates' | 'provider changes something else' | 'api invites' | 'api removes';
      readonly person: number;
    };

interface ProviderMember {
  readonly id: string;
  readonly email: string;
  role: Role;
  status: 'active' | 'pending' | 'deleted';
}

interface Message {
  readonly id: string;
  readonly text: string;
}

/** The active members by email address with their role, and the name of the organization. */
export interface State {
  readonly members: Readonly<Record<string, Role>>;
  readonly name: string;
}

export interface Outcome {
  readonly here: State;
  readonly there: State;
  /** Transitions without exactly one event and one audit entry. */
  readonly flaws: readonly string[];
}

/**
 * A provider with some people of one organization, whose notices are delivered late, repeatedly and in any order. What the api
 * changes is also changed at the provider, as an application does that uses both.
 */
export class ProviderHistory {
  readonly figures = { notices: 0, deliveries: 0, apiChanges: 0, transitions: 0 };
  private readonly people: ProviderMember[][] = Array.from({ length: PEOPLE }, () => []);
  private readonly emails = Array.from({ length: PEOPLE }, () => `${randomUUID()}@example.com`);
  private readonly waiting: Message[] = [];
  private readonly delivered: Message[] = [];
  private now = Date.now() * 1000;

  private constructor(
    private readonly system: System,
    private readonly organization: string,
    private name: string,
  ) {}

  static async start(system: System): Promise<ProviderHistory> {
    const [acme] = await system.query<{ provider_id: string; name: string }>(
      `select provider_id, name from organizations_organization where slug = 'acme'`,
    );
    return new ProviderHistory(system, acme!.provider_id, acme!.name);
  }

  async take(step: Step): Promise<void> {
    if (step.do === 'deliver') return this.deliverOne(step.which, step.again);
    if (step.do === 'provider renames') return this.rename(step.name);
    if (step.do === 'api renames') {
      if (await this.call('PATCH', '/organization', { name: step.name })) this.rename(step.name);
      return;
    }
    const member = this.people[step.person]!.at(-1);
    switch (step.do) {
      case 'provider adds':
        if (member && member.status !== 'deleted') {
          if (member.status === 'pending') this.change(member, { status: 'active' });
          return;
        }
        return this.add(step.person, step.role, step.pending ? 'pending' : 'active');
      case 'provider sets role':
        if (member && member.status !== 'deleted') this.change(member, { role: step.role });
        return;
      case 'provider removes':
        if (member && member.status !== 'deleted') this.change(member, { status: 'deleted' });
        return;
      case 'provider reactivates':
        if (member?.status === 'deleted') this.change(member, { status: 'active' });
        return;
      case 'provider changes something else':
        if (member && member.status !== 'deleted') this.send(member, 'UPDATE');
        return;
      case 'api invites':
        await this.call('POST', '/members/invitations', { email: this.emails[step.person], role: 'member' });
        return;
      case 'api sets role':
        return this.changeThroughApi(step.person, 'PATCH', { role: step.role });
      case 'api removes':
        return this.changeThroughApi(step.person, 'DELETE', { status: 'deleted' });
    }
  }

  /** Delivers everything that waits, some of it at the same time, and repeats some of it. */
  async deliverAll(order: readonly number[]): Promise<void> {
    for (const which of order) await this.deliverOne(which, which % 3 === 0);
    for (let rounds = 0; this.waiting.length > 0; rounds++) {
      if (rounds > 20) throw new Error('The provider has retried 20 times.');
      const batch = this.waiting.splice(0);
      await Promise.all([...batch, ...this.delivered.slice(-3)].map((message) => this.deliver(message)));
    }
  }

  async outcome(): Promise<Outcome> {
    const rows = await this.system.query<{ id: string; email: string; role: Role; status: string }>(
      `select m.id, u.email, m.role, m.status from organizations_member m join organizations_user u on u.id = m.user_id
       where u.email = any($1) order by m.id`,
      [this.emails],
    );
    const [acme] = await this.system.query<{ name: string }>(`select name from organizations_organization where slug = 'acme'`);
    const { flaws, transitions } = await membershipFlaws(this.system, rows);
    this.figures.transitions = transitions;
    const active = (members: readonly { status: string; email: string; role: Role }[]): Record<string, Role> =>
      Object.fromEntries(members.filter(({ status }) => status === 'active').map(({ email, role }) => [email, role]));
    return {
      here: { members: active(rows), name: acme!.name },
      there: { members: active(this.people.flat()), name: this.name },
      flaws,
    };
  }

  private add(person: number, role: Role, status: 'active' | 'pending'): void {
    const member: ProviderMember = { id: `member-test-${randomUUID()}`, email: this.emails[person]!, role, status };
    this.people[person]!.push(member);
    this.send(member, 'CREATE');
  }

  private change(member: ProviderMember, changed: Partial<Pick<ProviderMember, 'role' | 'status'>>): void {
    Object.assign(member, changed);
    this.send(member, member.status === 'deleted' ? 'DELETE' : 'UPDATE');
  }

  private rename(name: string): void {
    this.name = name;
    this.queue(organizationNotice(this.organization, name, { at: this.tick() }));
  }

  private send({ id, email, role, status }: ProviderMember, action: StytchBody['action']): void {
    const roles = role === 'admin' ? ['stytch_member', 'stytch_admin'] : ['stytch_member'];
    this.queue(memberNotice({ id, email, roles, status, organization: this.organization }, { action, at: this.tick() }));
  }

  private queue(body: StytchBody): void {
    this.waiting.push({ id: `msg_${randomUUID()}`, text: JSON.stringify(body) });
    this.figures.notices++;
  }

  private tick(): number {
    return ++this.now;
  }

  /** Changes the active membership of a person through the api, and then the member at the provider. */
  private async changeThroughApi(
    person: number,
    method: 'PATCH' | 'DELETE',
    changed: Partial<Pick<ProviderMember, 'role' | 'status'>>,
  ): Promise<void> {
    const [row] = await this.system.query<{ id: string; provider_id: string }>(
      `select m.id, m.provider_id from organizations_member m join organizations_user u on u.id = m.user_id
       where u.email = $1 and m.status = 'active'`,
      [this.emails[person]],
    );
    if (!row || !(await this.call(method, `/members/${row.id}`, changed.role && { role: changed.role }))) return;
    const member = this.people[person]!.find(({ id }) => id === row.provider_id)!;
    if (member.status !== 'deleted') this.change(member, changed);
  }

  /** @returns true if the api has accepted the change. */
  private async call(method: string, path: string, body: object | undefined): Promise<boolean> {
    const { status } = await this.system.request(method, path, { as: ADMIN, ...(body && { body }) });
    if (status < 300) this.figures.apiChanges++;
    else if (status !== 409) throw new Error(`${method} ${path}: ${status}`);
    return status < 300;
  }

  private async deliverOne(which: number, again: boolean): Promise<void> {
    const from = again ? this.delivered : this.waiting;
    const message = from[which % from.length];
    if (!message) return;
    if (!again) this.waiting.splice(which % this.waiting.length, 1);
    await this.deliver(message);
  }

  private async deliver(message: Message): Promise<void> {
    const { id, text } = message;
    const { status } = await this.system.request('POST', '/identity/webhook', { body: text, headers: svixHeaders(text, { id }) });
    this.figures.deliveries++;
    if (status === 503) this.waiting.push(message);
    else if (status === 200) this.delivered.push(message);
    else throw new Error(`${text}: ${status}`);
  }
}
