import type { Role } from '@pikaia/contracts';
import { outsideTransaction } from '@pikaia/database';
import { join } from 'node:path';
import type { FastifyRequest } from 'fastify';
import type { DataSource } from 'typeorm';
import { issueDevelopmentToken } from '../authentication/development-issuer.js';

const MAX_PEOPLE = 24;

const LOOPBACK_ADDRESS = /^(?:::ffff:)?127\.|^::1$/;
const LOOPBACK_HOST = /^(?:(?:[\w-]+\.)*localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i;

/**
 * Whether a request comes from a browser of this computer, at an address that only this computer has. The api listens on all networks.
 * A page of any website could resolve its own host name to 127.0.0.1, so the name in `Host` counts as well.
 */
export const isFromThisComputer = ({ socket, headers }: FastifyRequest): boolean =>
  LOOPBACK_ADDRESS.test(socket.remoteAddress ?? '') && LOOPBACK_HOST.test(headers.host ?? '');

/** A person as whom a developer can sign in. */
export interface DemoPerson {
  readonly email: string;
  readonly name: string | null;
  readonly role: Role | 'operator' | 'viewer';
  /** Null for an operator or viewer. */
  readonly organization: { readonly name: string; readonly slug: string } | null;
}

// Index: organizations_organization_pkey; the ids of the oldest organizations come first. Locks: none. Development only.
const PEOPLE = `
  select coalesce(email_key, email) as email, name, case when operator then 'operator' else 'viewer' end as role, null as organization, null as slug,
    0 as rank, null::uuid as organization_id, id
  from organizations_user where (operator or viewer) and provider_id is not null
  union all
  select coalesce(m.email, u.email), m.name, m.role, o.name, o.slug,
    case m.role when 'admin' then 1 else 2 end, o.id, m.id
  from (select * from organizations_organization where deleted_at is null order by id limit ${MAX_PEOPLE}) o
    join organizations_member m on m.organization_id = o.id
    join organizations_user u on u.id = m.user_id
  where m.status = 'active' and m.provider_id is not null
  order by organization_id nulls first, rank, id limit ${MAX_PEOPLE}`;

interface PersonRow {
  readonly email: string;
  readonly name: string | null;
  readonly role: DemoPerson['role'];
  readonly organization: string | null;
  readonly slug: string | null;
}

/**
 * The people in the database of a development system, and sessions for them. The development issuer signs the sessions, and refuses
 * to do so in production.
 */
export class DemoPeople {
  constructor(
    private readonly source: DataSource,
    private readonly databaseUrl: string,
    private readonly varDirectory: string,
  ) {}

  async list(): Promise<DemoPerson[]> {
    const rows = await outsideTransaction(() => this.source.query<PersonRow[]>(PEOPLE));
    return rows.map(({ email, name, role, organization, slug }) => ({
      email,
      name,
      role,
      organization: slug === null ? null : { name: organization!, slug },
    }));
  }

  /**
   * @param organization the slug, for a person with several organizations.
   * @throws PikaiaError `PIKAIA_DEVELOPMENT_TOKEN_UNKNOWN_EMAIL`.
   */
  issueToken(email: string, organization: string | undefined): Promise<string> {
    return issueDevelopmentToken({
      email,
      databaseUrl: this.databaseUrl,
      keysDirectory: join(this.varDirectory, 'keys'),
      ...(organization !== undefined && { organization }),
    });
  }
}
