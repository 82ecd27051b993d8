import { randomUUID } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { DEVELOPMENT_WEBHOOK_SECRET } from './identity.settings.js';

/** A webhook as Stytch sends it: https://stytch.com/docs/workspace-management/webhooks. For development and tests. */
export interface StytchBody extends Readonly<Record<string, unknown>> {
  readonly action: 'CREATE' | 'UPDATE' | 'DELETE';
  readonly object_type: string;
  readonly id: string;
  readonly timestamp: string;
}

interface NoticeOptions {
  readonly action?: StytchBody['action'];
  readonly source?: 'DIRECT' | 'DASHBOARD' | 'SCIM';
  /** Microseconds since 1970. Default: now. */
  readonly at?: number;
}

export interface StytchMember {
  readonly id: string;
  readonly organization: string;
  readonly email: string;
  readonly name?: string;
  readonly roles?: readonly string[];
  readonly status?: string;
}

export function memberNotice(member: StytchMember, options: NoticeOptions = {}): StytchBody {
  const { id, organization, email, name = '', roles = ['stytch_member'], status = 'active' } = member;
  return {
    ...frame('member', id, options),
    ...(options.action !== 'DELETE' && {
      member: {
        member_id: id,
        organization_id: organization,
        email_address: email,
        email_address_verified: true,
        name,
        status,
        is_admin: roles.includes('stytch_admin'),
        roles: roles.map((role_id) => ({ role_id, sources: [{ type: 'direct_assignment', details: {} }] })),
        sso_registrations: [],
        oauth_registrations: [],
        trusted_metadata: {},
        untrusted_metadata: {},
      },
    }),
  };
}

export function organizationNotice(id: string, name: string, options: NoticeOptions = {}): StytchBody {
  return {
    ...frame('organization', id, options),
    ...(options.action !== 'DELETE' && {
      organization: { organization_id: id, organization_name: name, organization_slug: 'a-slug', trusted_metadata: {} },
    }),
  };
}

function frame(object: string, id: string, { action = 'UPDATE', source = 'DIRECT', at = Date.now() * 1000 }: NoticeOptions) {
  const micros = String(at % 1_000_000).padStart(6, '0');
  return {
    project_id: 'project-test-1',
    event_id: `webhook-event-test-${randomUUID()}`,
    action,
    source,
    object_type: object,
    id,
    timestamp: `${new Date(Math.floor(at / 1000)).toISOString().slice(0, 19)}.${micros}Z`,
    vertical: 'B2B',
  } as const;
}

interface SigningOptions {
  readonly id?: string;
  readonly secret?: string;
  /** Milliseconds since 1970. Default: now. */
  readonly sentAt?: number;
}

/** The headers of a delivery of Svix. Without a secret, it is signed with that of development. */
export function svixHeaders(text: string, { id = `msg_${randomUUID()}`, secret, sentAt = Date.now() }: SigningOptions = {}) {
  const time = new Date(Math.floor(sentAt / 1000) * 1000);
  return {
    'svix-id': id,
    'svix-timestamp': String(time.getTime() / 1000),
    'svix-signature': new Webhook(secret ?? DEVELOPMENT_WEBHOOK_SECRET).sign(id, time, text),
  };
}
