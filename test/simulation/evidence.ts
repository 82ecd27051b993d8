import type { SentEmail } from '../support/aws/ses.stub.js';
import type { LogLine } from '../support/system/service.process.js';
import type { ReceivedWebhook } from '../support/http/webhook.receiver.js';
import type { StripeObject } from '../support/http/stripe.stub.js';
import type { Call } from './recorded.client.js';

/** A webhook endpoint of a customer. */
export interface RegisteredEndpoint {
  readonly id: string;
  /** The path of its URL. */
  readonly path: string;
  readonly secret: string;
}

export type Fields = Readonly<Record<string, unknown>>;

interface StoredRecord {
  readonly id: string;
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly organizationId: string | null;
  readonly actor: string;
  readonly correlationId: string;
  readonly txid: string;
}

export interface StoredEvent extends StoredRecord {
  readonly type: string;
  readonly position: string;
  readonly status: string;
  readonly data: Fields;
}

export interface StoredEntry extends StoredRecord {
  readonly action: string;
  readonly diff: { readonly old: Fields | null; readonly new: Fields | null };
}

export interface StoredRow {
  readonly table: 'member' | 'organization' | 'subscription' | 'webhook_endpoint';
  readonly id: string;
  /** The transaction that wrote the row. */
  readonly txid: string;
  readonly columns: Fields;
}

export interface Receipt {
  readonly consumer: string;
  readonly eventId: string;
  readonly state: string;
}

/** A table that a consumer keeps, as it was and as a replay of all events into the empty table made it. */
export interface ReadModel {
  readonly name: string;
  readonly rows: readonly string[];
  readonly rebuilt: readonly string[];
}

/** What PostgreSQL holds at the end of the day. */
export interface StoredEvidence {
  readonly events: readonly StoredEvent[];
  readonly entries: readonly StoredEntry[];
  readonly rows: readonly StoredRow[];
  readonly receipts: readonly Receipt[];
  readonly openDeliveries: readonly string[];
}

export interface Tenant {
  readonly index: number;
  readonly id: string;
  readonly mark: string;
}

/** All that is known of a day when it is over. */
export interface Evidence extends StoredEvidence {
  readonly tenants: readonly Tenant[];
  readonly calls: readonly Call[];
  readonly emails: readonly SentEmail[];
  readonly lines: readonly LogLine[];
  /** Lines that are no JSON objects. */
  readonly otherOutput: readonly string[];
  /** The times at which a worker was killed, in Unix milliseconds. */
  readonly workerKills: readonly number[];
  readonly endpoints: readonly RegisteredEndpoint[];
  /** The webhooks that arrived at customers. */
  readonly received: readonly ReceivedWebhook[];
  readonly readModels: readonly ReadModel[];
  /** The accounts that were deleted at Stytch, by subject. */
  readonly deletedAccounts: readonly string[];
  /** The subscriptions at Stripe. */
  readonly subscriptions: ReadonlyMap<string, StripeObject>;
}

export type Query = <Row extends object>(sql: string, values?: unknown[]) => Promise<Row[]>;

// The organizations of $1, a pattern of their slugs.
const DAY = '(select id::text from organizations_organization where slug like $1)';

const EVENTS = `
  select e.event_id::text as id, e.event_type as type, e.aggregate_type as "aggregateType", e.aggregate_id as "aggregateId",
    e.organization_id as "organizationId", concat_ws(' ', e.payload -> 'actor' ->> 'type', e.payload -> 'actor' ->> 'id') as actor,
    e.correlation_id::text as "correlationId", e.txid::text, e.position::text, s.status, e.payload -> 'data' as data
  from outbox.outbox_log e left join lateral outbox.state_of(e.event_id, e.event_type, e.position, e.txid) s on true
  where e.organization_id in ${DAY} or e.organization_id is null order by e.position`;

const ENTRIES = `
  select v.id::text, v.action, v.aggregate_type as "aggregateType", v.aggregate_id as "aggregateId",
    v.organization_id as "organizationId", r.actor_type || ' ' || r.actor_id as actor, v.correlation_id::text as "correlationId",
    r.txid::text, v.diff
  from events_auditlog v join audit.record r using (id)
  where v.organization_id in ${DAY} order by r.created_at, v.id`;

const rowsOf = (name: StoredRow['table'], table: string, organization: string): string => `
  select '${name}' as table, t.id::text, t.xmin::text as txid, to_jsonb(t) as columns from ${table} t
  where ${organization}::text in ${DAY}`;

const ROWS = [
  rowsOf('organization', 'organizations_organization', 't.id'),
  rowsOf('member', 'organizations_member', 't.organization_id'),
  rowsOf('subscription', 'subscription', 't.organization_id'),
  rowsOf('webhook_endpoint', 'webhook_endpoint', 't.organization_id'),
].join(' union all ');

/** Reads what PostgreSQL holds of the organizations whose slugs match a pattern, as the owner. */
export async function readStoredEvidence(query: Query, slugs: string): Promise<StoredEvidence> {
  return {
    events: await query<StoredEvent>(EVENTS, [slugs]),
    entries: await query<StoredEntry>(ENTRIES, [slugs]),
    rows: await query<StoredRow>(ROWS, [slugs]),
    receipts: await query<Receipt>('select consumer, event_id::text as "eventId", state from outbox.consumer_receipt'),
    openDeliveries: (
      await query<{ text: string }>(
        `select format('%s at %s is %s: %s', event_type, sink, status, last_error) as text from outbox.outbox_delivery where status <> 'published'`,
      )
    ).map(({ text }) => text),
  };
}
