import { normalId } from '../entry/normal-form.js';
import type { AuditFilter, AuditScope } from './audit-filter.js';

/** Adds a value to the parameters of the statement and returns its placeholder, such as `$3`. */
export type Parameter = (value: unknown) => string;

/** The placeholders of a range of actions in an organization: `from` is inclusive, `below` exclusive. */
export interface ActionRange {
  readonly organization: string;
  readonly from: string;
  readonly below: string;
}

export interface Conditions {
  /** Conditions that one index answers, in the order of the page. */
  readonly indexed: string[];
  /** Conditions that are evaluated for each row of the index scan. */
  readonly residual: string[];
  /** Set if the filter has only an action prefix besides organization and time. */
  readonly actions?: ActionRange;
}

/** Builds the conditions of a filter on `audit.record r`, separated by whether an index scan answers them. */
export function buildConditions(filter: AuditFilter, scope: AuditScope, parameter: Parameter): Conditions {
  const equals = (column: string, value: string): string => `r.${column} = ${parameter(value)}`;
  const organizationId = 'organization' in scope ? scope.organization : filter.organization_id;
  const organization = organizationId === undefined ? undefined : normalId(organizationId);
  const indexed: string[] = [];
  if (organization !== undefined) indexed.push(equals('organization_id', organization));
  if (filter.organization_id !== undefined && filter.organization_id !== organizationId) indexed.push('false');
  if (filter.from !== undefined) indexed.push(`r.created_at >= ${parameter(filter.from)}::timestamptz`);
  if (filter.to !== undefined) indexed.push(`r.created_at < ${parameter(filter.to)}::timestamptz`);

  const exact = indexableConditions(filter, equals, parameter);
  const residual = unindexedConditions(filter, equals, parameter);
  const hasOnlyAction = exact.length + residual.length === 0 && filter.correlation_id === undefined;
  if (filter.correlation_id !== undefined) {
    indexed.push(`r.correlation_id = ${parameter(filter.correlation_id)}::uuid`); // selective: the records of one request
    residual.push(...exact);
  } else {
    // Each of these indexes starts with the organization. Only one index can provide the order.
    if (organization !== undefined) indexed.push(...exact.splice(0, 1));
    residual.push(...exact);
  }
  if (!filter.action?.endsWith('*')) return { indexed, residual };

  // A range instead of `like`: `like` is not leakproof, so row-level security keeps it from using the index.
  const prefix = filter.action.slice(0, -1);
  const range = { from: parameter(prefix), below: parameter(`${prefix}\u{10ffff}`) };
  if (organization !== undefined && hasOnlyAction)
    return { indexed, residual, actions: { organization: parameter(organization), ...range } };
  residual.push(`r.action collate "C" >= ${range.from} and r.action collate "C" < ${range.below}`);
  return { indexed, residual };
}

type Equals = (column: string, value: string) => string;

/** Conditions that an index starting with the organization can answer: aggregate, actor, exact action. */
function indexableConditions(filter: AuditFilter, equals: Equals, parameter: Parameter): string[] {
  const exact: string[] = [];
  if (filter.aggregate_id !== undefined && filter.aggregate_type !== undefined) {
    exact.push(`${equals('aggregate_type', filter.aggregate_type)} and ${equals('aggregate_id', normalId(filter.aggregate_id))}`);
  }
  if (filter.actor_id !== undefined) exact.push(equals('actor_id', normalId(filter.actor_id)));
  if (filter.action !== undefined && !filter.action.endsWith('*')) {
    exact.push(`r.action collate "C" = ${parameter(filter.action)}`);
  }
  return exact;
}

/** Conditions that no index answers. */
function unindexedConditions(filter: AuditFilter, equals: Equals, parameter: Parameter): string[] {
  const others: string[] = [];
  if (filter.aggregate_id !== undefined && filter.aggregate_type === undefined) {
    others.push(equals('aggregate_id', normalId(filter.aggregate_id)));
  }
  if (filter.aggregate_type !== undefined && filter.aggregate_id === undefined) {
    others.push(equals('aggregate_type', filter.aggregate_type));
  }
  if (filter.changed !== undefined) others.push(`r.changed @> array[${parameter(filter.changed)}::text]`);
  if (filter.ip_address !== undefined) {
    others.push(`exists (select from audit.personal p join audit.record whole on whole.id = p.record_id
      where p.record_id = r.id and p.subject_id = r.actor_id and p.fields ->> 'ip_address' = ${parameter(filter.ip_address)}
        and whole.entry::jsonb -> 'personal' ? p.subject_id)`);
  }
  return others;
}
