import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { AuditLog, PLATFORM, type Involvement } from '@pikaia/audit';
import { MASKED } from '@pikaia/core';
import type { Role } from '@pikaia/contracts';
import { outsideTransaction, queryJsonRows } from '@pikaia/database';
import { EventsByRequest, type ChangedObject } from '@pikaia/events';
import { DataSource } from 'typeorm';
import type { Identity } from '../authentication/identity.js';
import { Problem } from '../errors/problem.js';
import type { MemberStatus } from '../members/member.entity.js';
import { requirePeriod } from '../server/period.js';
import { FIND_MEMBERSHIPS, FIND_PERSON } from './people.sql.js';
import { readScopeOf } from './scope.js';

interface PersonRow {
  readonly id: string;
  readonly email: string;
  readonly name: string | null;
  readonly platform_role: 'operator' | 'viewer' | null;
}

interface Membership {
  readonly member_id: string;
  readonly organization_id: string;
  readonly organization_name: string;
  readonly email: string | null;
  readonly name: string | null;
  readonly role: Role;
  readonly status: MemberStatus;
  readonly invited_at: Date | null;
  readonly joined_at: Date | null;
  readonly removed_at: Date | null;
}

interface FoundPerson {
  readonly person: PersonRow;
  readonly memberships: readonly Membership[];
}

interface ActivityQuery {
  readonly involvement?: Involvement | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly cursor?: string | undefined;
  readonly limit: number;
}

/** Finds people and their activity within the scope of the reader. */
@Injectable()
export class PeopleService {
  constructor(
    @InjectDataSource() private readonly source: DataSource,
    private readonly auditLog: AuditLog,
    private readonly events: EventsByRequest,
  ) {}

  /**
   * Returns a person with their memberships. An admin sees the address and name that the organization typed. Operators see both masked.
   *
   * @throws Problem 404 if the reader's organization does not know the person.
   */
  async get(reader: Identity, id: string) {
    const { person, memberships } = await this.find(reader, id);
    const typed = reader.kind === 'operator' ? undefined : memberships[0];
    const masked = (text: string | null): string | null => (text === null ? null : MASKED);
    return {
      id: person.id,
      email: typed ? (typed.email ?? person.email) : MASKED,
      name: typed ? typed.name : masked(person.name ?? memberships[0]?.name ?? null),
      platform_role: reader.kind === 'operator' ? person.platform_role : null,
      memberships: memberships.map(({ email: _email, name: _name, ...membership }) => membership),
    };
  }

  /**
   * Returns what a person did and what was done to them, newest first, each with the events that the same request published about the
   * same object.
   *
   * @throws Problem 404 as `get` does.
   */
  async activity(reader: Identity, id: string, query: ActivityQuery) {
    const { data, ...page } = await this.read(await this.find(reader, id), reader.kind === 'operator', query);
    const events = Map.groupBy(await this.events.find(data, readScopeOf(reader)), changeKey);
    return {
      data: data.map((entry) => ({
        ...entry,
        events: (events.get(changeKey(entry)) ?? []).map(({ correlation_id: _correlationId, ...event }) => event),
      })),
      ...page,
    };
  }

  /** Returns the activity of the reader in all organizations in which they are an active member. */
  async ownActivity(reader: Identity, query: ActivityQuery) {
    const { person, memberships } = await this.load(reader.userId, null);
    const active = memberships.filter(({ status }) => status === 'active');
    return this.read({ person: person!, memberships: active }, reader.kind === 'operator', query);
  }

  private read({ person, memberships }: FoundPerson, asOperator: boolean, query: ActivityQuery) {
    requirePeriod(query);
    const organizations = memberships.map(({ organization_id: organizationId }) => organizationId);
    return this.auditLog.findActivity({
      ...query,
      person: person.id,
      aggregates: [
        { type: 'user', id: person.id },
        ...memberships.map(({ member_id: memberId }) => ({ type: 'member', id: memberId })),
      ],
      organizations: asOperator ? [...organizations, PLATFORM] : organizations,
      asOperator,
    });
  }

  private async find(reader: Identity, id: string): Promise<FoundPerson> {
    const { person, memberships } = await this.load(id, reader.kind === 'operator' ? null : reader.organizationId);
    if (!person) throw Problem.notFound('No person with this id exists.');
    return { person, memberships };
  }

  private async load(id: string, organizationId: string | null) {
    const [[person], memberships] = await outsideTransaction(() =>
      Promise.all([
        queryJsonRows<PersonRow>(this.source, FIND_PERSON, [id, organizationId]),
        queryJsonRows<Membership>(this.source, FIND_MEMBERSHIPS, [id, organizationId], ['invited_at', 'joined_at', 'removed_at']),
      ]),
    );
    return { person, memberships };
  }
}

const changeKey = ({ correlation_id: correlation, aggregate_type: type, aggregate_id: id }: ChangedObject): string =>
  JSON.stringify([correlation, type, id]);
