import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { AuditLog } from '@pikaia/audit';
import { MASKED, parseId } from '@pikaia/core';
import { outsideTransaction, queryJsonRows } from '@pikaia/database';
import { EventLog, OutboxOperations } from '@pikaia/events';
import { DataSource } from 'typeorm';
import type { Identity } from '../authentication/identity.js';
import { emailKey } from '../members/email-key.js';
import { API_PREFIX } from '../server/api-prefix.js';
import { adminPath } from './listed.js';
import { operationScopeOf, readScopeOf } from './scope.js';
import {
  FIND_NAMED_MEMBERS,
  FIND_NAMED_MEMBERS_OF_ALL,
  FIND_NAMED_ORGANIZATIONS,
  FIND_ORGANIZATION,
  FIND_PEOPLE,
  FIND_STAFF,
  FIND_WEBHOOK_DELIVERIES,
  MAX_RESULTS,
} from './search.sql.js';
import type { RESULT_TYPES } from './search.views.js';

export interface SearchResult {
  readonly type: (typeof RESULT_TYPES)[number];
  readonly id: string;
  readonly organization_id: string | null;
  readonly label: string | null;
  readonly url: string;
}

interface WebhookDeliveryRow {
  readonly id: string;
  readonly organization_id: string;
  readonly event_type: string;
  readonly correlation_id: string;
  readonly is_shown: boolean;
}

interface MemberRow {
  readonly member_id: string;
  readonly user_id: string;
  readonly organization_id: string;
  readonly label: string;
}

/** Finds anything by its id, people by address or name, and organizations by name, within the scope of the reader. */
@Injectable()
export class SearchService {
  constructor(
    @InjectDataSource() private readonly source: DataSource,
    private readonly events: EventLog,
    private readonly auditLog: AuditLog,
    private readonly operations: OutboxOperations,
  ) {}

  async search(reader: Identity, text: string): Promise<{ results: SearchResult[]; has_more: boolean }> {
    const id = parseId(text);
    const found = await (id === undefined ? this.byText(reader, text) : this.byId(reader, id));
    const results = [...Map.groupBy(found, ({ type }) => type).values()];
    return {
      results: results.flatMap((ofType) => ofType.slice(0, MAX_RESULTS)),
      has_more: results.some((ofType) => ofType.length > MAX_RESULTS),
    };
  }

  private async byId(reader: Identity, id: string): Promise<SearchResult[]> {
    const scope = readScopeOf(reader);
    const filter = { correlation_id: id };
    const [event, entry, correlatedEvents, correlatedEntries, command, people, organizations] = await Promise.all([
      this.events.find({ filter: { event_id: id }, limit: 1, scope }),
      this.auditLog.get(id, scope),
      this.events.find({ filter, limit: 1, scope }),
      this.auditLog.find({ filter, limit: 1, scope }),
      this.operations.find(id, operationScopeOf(reader)),
      this.findPeople(reader, id, null),
      this.query<{ id: string; label: string }>(FIND_ORGANIZATION, [id, organizationOf(reader)]),
    ]);
    const webhooks = [id, event.data[0]?.correlation_id ?? null, organizationOf(reader)];
    const deliveries = await this.query<WebhookDeliveryRow>(FIND_WEBHOOK_DELIVERIES, webhooks);
    const correlated = correlatedEvents.data[0] ?? correlatedEntries.data[0];
    return [
      ...event.data.map((one) => result('event', id, one.event_type, `events/${id}`, one.organization_id)),
      ...(entry ? [result('audit_entry', id, entry.action, `audit-logs/${id}`, entry.organization_id)] : []),
      ...(correlated ? [result('correlation', id, null, `correlations/${id}`, correlated.organization_id)] : []),
      ...(command ? [result('command', id, command.command, `outbox/commands/${id}`)] : []),
      ...deliveries.map((delivery) => deliveryResult(reader, delivery)),
      ...people,
      ...organizations.map(organizationResult),
    ];
  }

  private async byText(reader: Identity, text: string): Promise<SearchResult[]> {
    const organization = organizationOf(reader);
    const key = emailKey(text);
    const [people, named, organizations] = await Promise.all([
      key === undefined ? [] : this.findPeople(reader, null, key),
      organization === null
        ? this.query<MemberRow>(FIND_NAMED_MEMBERS_OF_ALL, [text])
        : this.query<MemberRow>(FIND_NAMED_MEMBERS, [text, organization]),
      organization === null ? this.query<{ id: string; label: string }>(FIND_NAMED_ORGANIZATIONS, [text]) : [],
    ]);
    return [...people, ...named.map((row) => memberResult(reader, row)), ...organizations.map(organizationResult)];
  }

  private async findPeople(reader: Identity, id: string | null, key: string | null): Promise<SearchResult[]> {
    const organization = organizationOf(reader);
    const [members, staff] = await Promise.all([
      this.query<MemberRow>(FIND_PEOPLE, [id, organization, key]),
      organization === null ? this.query<{ user_id: string; label: string }>(FIND_STAFF, [id, key]) : [],
    ]);
    const people = new Map([...staff, ...members].map(({ user_id: userId, label }) => [userId, label]));
    return [
      ...[...people].flatMap(([userId, label]) =>
        id === null || userId === id ? [result('person', userId, personLabel(reader, label), `people/${userId}`)] : [],
      ),
      ...members.map((row) => memberResult(reader, row)),
    ];
  }

  private query<Row extends object>(sql: string, values: readonly unknown[]): Promise<Row[]> {
    return outsideTransaction(() => queryJsonRows<Row>(this.source, sql, values));
  }
}

const organizationOf = (reader: Identity): string | null => (reader.kind === 'operator' ? null : reader.organizationId);

const personLabel = (reader: Identity, label: string): string => (reader.kind === 'operator' ? MASKED : label);

const result = (
  type: SearchResult['type'],
  id: string,
  label: string | null,
  path: string,
  organizationId: string | null = null,
): SearchResult => ({ type, id, organization_id: organizationId, label, url: adminPath(path) });

const memberResult = (reader: Identity, row: MemberRow): SearchResult =>
  result('member', row.member_id, personLabel(reader, row.label), `people/${row.user_id}`, row.organization_id);

/** Only admins read a delivery. For others, and after its endpoint was deleted, the timeline of its request shows it. */
function deliveryResult(reader: Identity, row: WebhookDeliveryRow): SearchResult {
  const isShown = reader.kind === 'member' && row.is_shown;
  const url = isShown ? `/${API_PREFIX}/webhooks/deliveries/${row.id}` : adminPath(`correlations/${row.correlation_id}`);
  return { type: 'webhook_delivery', id: row.id, organization_id: row.organization_id, label: row.event_type, url };
}

/** The audit log is the list of an organization that both admins and operators read. */
const organizationResult = ({ id, label }: { id: string; label: string }): SearchResult =>
  result('organization', id, label, `audit-logs?organization_id=${id}`, id);
