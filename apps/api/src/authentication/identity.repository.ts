import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Role } from '@pikaia/contracts';
import { outsideTransaction, preparedStatement } from '@pikaia/database';
import { DataSource } from 'typeorm';
import { addressOf } from '../members/member.entity.js';
import type { Identity } from './identity.js';
import { PROVIDER_ID } from './provider-id.js';
import type { Session } from './session-verifier.js';

// Each request sends one of these. Index: organizations_member_live_provider, organizations_user_provider. Locks: none.
const MEMBER = preparedStatement(
  'find_member_identity',
  `select u.id::text as user_id, m.email as typed_email, u.email as user_email, m.name, m.id::text as member_id, m.role,
     m.organization_id::text
   from organizations_member m
   join organizations_user u on u.id = m.user_id
   join organizations_organization o on o.id = m.organization_id
   where m.provider_id = $1 and o.provider_id = $2 and m.status = 'active' and o.deleted_at is null`,
);
const OPERATOR = preparedStatement(
  'find_operator_identity',
  `select id::text as user_id, coalesce(email_key, email) as email, name, case when operator then 'operator' else 'viewer' end as role
   from organizations_user where provider_id = $1 and (operator or viewer)`,
);

interface MemberRow {
  readonly user_id: string;
  readonly typed_email: string | null;
  readonly user_email: string;
  readonly name: string | null;
  readonly member_id: string;
  readonly role: Role;
  readonly organization_id: string;
}

interface OperatorRow {
  readonly user_id: string;
  readonly email: string;
  readonly name: string | null;
  readonly role: 'operator' | 'viewer';
}

@Injectable()
export class IdentityRepository {
  constructor(@InjectDataSource() private readonly source: DataSource) {}

  /** Returns undefined if the person of the session is neither an active member nor an operator or a viewer. */
  async find(session: Session): Promise<Identity | undefined> {
    const { subject } = session;
    if (!PROVIDER_ID.test(subject)) return undefined;
    if (session.kind === 'operator') {
      const [row] = await this.query<OperatorRow>(OPERATOR, [subject]);
      return row && { kind: 'operator', role: row.role, userId: row.user_id, email: row.email, name: row.name };
    }
    if (!PROVIDER_ID.test(session.organization)) return undefined;
    const [row] = await this.query<MemberRow>(MEMBER, [subject, session.organization]);
    return (
      row && {
        kind: 'member',
        userId: row.user_id,
        email: addressOf(row.typed_email, row.user_email),
        name: row.name,
        memberId: row.member_id,
        role: row.role,
        organizationId: row.organization_id,
      }
    );
  }

  private query<Row>(sql: string, values: unknown[]): Promise<Row[]> {
    return outsideTransaction(() => this.source.query<Row[]>(sql, values));
  }
}
