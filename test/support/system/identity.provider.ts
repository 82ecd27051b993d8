import { randomUUID } from 'node:crypto';
import { svixHeaders, type StytchBody, type StytchMember } from '../../../apps/api/src/identity/development-notice.js';
import type { ApiResponse, System } from './system.js';

/** Sends the webhooks of the identity provider to a running system, and reads what they left behind. */
export class IdentityProvider {
  constructor(private readonly system: System) {}

  deliver(body: StytchBody | string, headers: Record<string, string> = {}): Promise<ApiResponse> {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return this.system.request('POST', '/identity/webhook', { body: text, headers: { ...svixHeaders(text), ...headers } });
  }

  /** Delivers a webhook. @returns the outcome, or the status if it is not 200. */
  async outcomeOf(body: StytchBody): Promise<unknown> {
    const { status, body: answer } = await this.deliver(body);
    return status === 200 ? answer['outcome'] : status;
  }

  /** A person who is a member of an organization at the provider, and not known here. */
  newMember(organization: string, changed: Partial<StytchMember> = {}): StytchMember {
    return { id: `member-test-${randomUUID()}`, organization, email: `${randomUUID()}@example.com`, ...changed };
  }

  async createOrganization(name: string): Promise<{ id: string; provider_id: string }> {
    const slug = `o-${randomUUID()}`;
    const [row] = await this.system.query<{ id: string; provider_id: string }>(
      `insert into organizations_organization (id, name, slug, provider_id) values (gen_random_uuid(), $1, $2, 'organization-test-' || $2)
       returning id, provider_id`,
      [name, slug],
    );
    return row!;
  }

  /** The memberships of a member at the provider, the oldest first. */
  membershipsOf({ id }: Pick<StytchMember, 'id'>) {
    return this.system.query<{ id: string; role: string; status: string; name: string | null }>(
      'select id, role, status, name from organizations_member where provider_id = $1 order by id',
      [id],
    );
  }

  /** The types of the events and the actions of the audit entries about an aggregate. */
  async traceOf(id: string): Promise<{ events: string[]; entries: string[] }> {
    const events = await this.system.query<{ event_type: string }>(
      'select event_type from outbox.outbox_log where aggregate_id = $1 order by position',
      [id],
    );
    const entries = await this.system.query<{ action: string }>(
      'select action from audit.record where aggregate_id = $1 order by id',
      [id],
    );
    return { events: events.map(({ event_type: type }) => type), entries: entries.map(({ action }) => action) };
  }
}

/** The trace of a membership that had each of these transitions once. */
export const traceWith = (...types: string[]) => ({ events: types, entries: types });
