import { normalId } from '../entry/normal-form.js';
import type { AuditFilter, AuditScope } from './audit-filter.js';

/** Turns a value into a parameter of the statement, `$3`. */
export type Parameter = (value: unknown) => string;

/** The actions of an organization from a bound to below another, as parameters. */
export interface ActionRange {
  readonly organization: string;
  readonly from: string;
  readonly below: string;
}

export interface Conditions {
  /** What one index answers, in the order of the page. */
  readonly served: string[];
  /** What has to be asked of each row that the index gives. */
  readonly rest: string[];
  /** A prefix of actions, where it is all that is asked beside organization and time. */
  readonly actions?: ActionRange;
}

/** The conditions of a filter on `audit.record r`, parted by whether the index that will be read answers them. */
export function conditionsOf(filter: AuditFilter, scope: AuditScope, parameter: Parameter): Conditions {
  const equals = (column: string, value: string): string => `r.${column} = ${parameter(value)}`;
  const given = 'organization' in scope ? scope.organization : filter.organization_id;
  const organization = given === undefined ? undefined : normalId(given);
  const served: string[] = [];
  if (organization !== undefined) served.push(equals('organization_id', organization));
  if (filter.organization_id !== undefined && filter.organization_id !== given) served.push('false');
  if (filter.from !== undefined) served.push(`r.created_at >= ${parameter(filter.from)}::timestamptz`);
  if (filter.to !== undefined) served.push(`r.created_at < ${parameter(filter.to)}::timestamptz`);

  const exact = exactConditions(filter, equals, parameter);
  const rest = otherConditions(filter, equals, parameter);
  const alone = exact.length + rest.length === 0 && filter.correlation_id === undefined;
  if (filter.correlation_id !== undefined) {
    served.push(`r.correlation_id = ${parameter(filter.correlation_id)}::uuid`); // one request's records: few
    rest.push(...exact);
  } else {
    // Each of these indexes begins with the organization, and one of them can give the order.
    if (organization !== undefined) served.push(...exact.splice(0, 1));
    rest.push(...exact);
  }
  if (!filter.action?.endsWith('*')) return { served, rest };

  // A range, since `like` is not leakproof: row-level security keeps it from the index.
  const prefix = filter.action.slice(0, -1);
  const range = { from: parameter(prefix), below: parameter(`${prefix}\u{10ffff}`) };
  if (organization !== undefined && alone) return { served, rest, actions: { organization: parameter(organization), ...range } };
  rest.push(`r.action collate "C" >= ${range.from} and r.action collate "C" < ${range.below}`);
  return { served, rest };
}

type Equals = (column: string, value: string) => string;

/** What an index that begins with the organization can answer: the aggregate, the actor, an action. */
function exactConditions(filter: AuditFilter, equals: Equals, parameter: Parameter): string[] {
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

/** What no index answers. */
function otherConditions(filter: AuditFilter, equals: Equals, parameter: Parameter): string[] {
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
