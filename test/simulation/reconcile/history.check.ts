import type { Evidence, Fields, StoredEntry, StoredEvent, StoredRow } from '../evidence.js';
import { Differences, isSame, textOf, type Check } from './check.js';

/** An audit entry with the states around it, which follow from the entries before it. */
interface Change {
  readonly entry: StoredEntry;
  readonly event: StoredEvent | undefined;
  readonly before: Fields;
  readonly after: Fields;
}

/** Fields that change without an entry, because nothing is published. */
const UNRECORDED: ReadonlySet<string> = new Set([
  'provider_version',
  'provider_read_until',
  'failing_since',
  'consecutive_failures',
  'paused_until',
]);

/**
 * Folds the audit entries of each member, organization and subscription. Each old value must be the new value of the entry before,
 * the last state must be the row, and the last entry must be of the transaction that wrote the row. The event of each entry must
 * tell the same.
 */
export const checkHistory: Check = (evidence) => {
  const differences = new Differences();
  const entriesOf = Map.groupBy(evidence.entries, (entry) => aggregateOf(entry, evidence));
  const eventOf = new Map(evidence.events.map((event) => [`${event.txid} ${event.aggregateId} ${event.type}`, event]));
  const rows = new Map(evidence.rows.map((row) => [row.id, row]));
  for (const id of new Set([...entriesOf.keys(), ...rows.keys()])) {
    const row = rows.get(id);
    const changes: Change[] = [];
    let state: Fields = {};
    for (const entry of entriesOf.get(id) ?? []) {
      const after = apply(entry, state, differences);
      const event = eventOf.get(`${entry.txid} ${entry.aggregateId} ${entry.action}`);
      changes.push({ entry, event, before: state, after });
      state = after;
    }
    for (const change of changes) compareEvent(change, differences);
    if (row) compareRow(row, changes, differences);
    else differences.list.push(`${id} has the entry ${changes[0]!.entry.action} and no row`);
  }
  return differences.result('history of each row', `${rows.size} rows, ${evidence.entries.length} entries`);
};

/** A change of a name is recorded for the person, and the row is the membership that the event names. */
function aggregateOf(entry: StoredEntry, { events }: Pick<Evidence, 'events'>): string {
  if (entry.action !== 'user.profile_updated') return entry.aggregateId;
  const event = events.find(({ txid, type }) => txid === entry.txid && type === entry.action);
  return String(event?.data['member_id'] ?? entry.aggregateId);
}

function apply({ action, aggregateId, diff, id }: StoredEntry, state: Fields, differences: Differences): Fields {
  const isSubscription = action.startsWith('subscription.');
  // A subscription that is not active changes without entries.
  const isUnknown = isSubscription && (state['active_since'] ?? null) === null;
  const compared = diff.new === null || diff.old === null ? Object.keys({ ...state, ...diff.old }) : Object.keys(diff.old);
  for (const field of compared) {
    if (isUnknown || UNRECORDED.has(field)) continue;
    differences.expect(
      isSame(diff.old?.[field], state[field]),
      () =>
        `${action} of ${aggregateId} (entry ${id}): the old ${field} is ${textOf(diff.old?.[field])}, and was ${textOf(state[field])}`,
    );
  }
  return { ...state, ...diff.old, ...diff.new, ...ENDED[action] };
}

/** An entry with new values of null ends the aggregate; its row stays, with another status. */
const ENDED: Readonly<Record<string, Fields>> = {
  'member.removed': { status: 'removed' },
  'member.invitation_revoked': { status: 'removed' },
};
const TIME_OF_END: Readonly<Record<string, string>> = {
  member: 'removed_at',
  organization: 'deleted_at',
  webhook_endpoint: 'deleted_at',
};

function compareRow({ table, id, txid, columns }: StoredRow, changes: readonly Change[], differences: Differences): void {
  const last = changes.at(-1);
  const isActive = table !== 'subscription' || columns['active_since'] !== null;
  if (!last) {
    differences.expect(!isActive, () => `the ${table} ${id} has no audit entry`);
    return;
  }
  if (!isActive) {
    differences.equal(last.after['active_since'], null, () => `active_since of the subscription ${id}, by its entries`);
    return;
  }
  const hasEnded = last.entry.diff.new === null;
  for (const [field, value] of Object.entries(columns)) {
    if (field === 'created_at' || UNRECORDED.has(field)) continue;
    if (field === TIME_OF_END[table]) differences.equal(value !== null, hasEnded, () => `${field} of the ${table} ${id} is set`);
    else
      differences.expect(
        isSame(value, last.after[field]),
        () => `the ${table} ${id} has the ${field} ${textOf(value)}, and its entries say ${textOf(last.after[field])}`,
      );
  }
  // The others are also written when only a field without an entry changes.
  if (table === 'member' || table === 'organization')
    differences.expect(
      BigInt(last.entry.txid) % 2n ** 32n === BigInt(txid),
      () => `the ${table} ${id} was written by the transaction ${txid}, and its last entry by ${last.entry.txid}`,
    );
}

const STATE_FIELDS = ['status', 'price_id', 'quantity', 'current_period_start', 'current_period_end', 'cancel_at_period_end'];

/** What the data of an event must contain, by the entry and the states around it. */
const EXPECTED_DATA: Readonly<Record<string, (change: Change) => Fields>> = {
  'organization.created': ({ after }) => ({ name: after['name'], slug: after['slug'] }),
  'organization.updated': ({ entry: { diff } }) => ({ old: diff.old, new: diff.new }),
  'organization.deleted': ({ before }) => ({ name: before['name'], slug: before['slug'] }),
  'member.invited': ({ after }) => pick(after, ['user_id', 'email', 'name', 'role', 'invited_at']),
  'member.joined': ({ after }) => pick(after, ['user_id', 'email', 'name', 'role']),
  'member.role_changed': ({ before, after }) => ({ old_role: before['role'], new_role: after['role'], email: after['email'] }),
  'member.removed': ({ before }) => pick(before, ['user_id', 'email', 'role']),
  'member.invitation_revoked': ({ before }) => pick(before, ['user_id', 'email', 'role']),
  'user.profile_updated': ({ before, after }) => ({ old_name: before['name'], new_name: after['name'], email: after['email'] }),
  'webhook_endpoint.created': ({ after }) => pick(after, ['url', 'event_types']),
  'webhook_endpoint.updated': ({ entry: { diff } }) => ({ old: diff.old, new: diff.new }),
  'webhook_endpoint.disabled': ({ after }) => ({ url: after['url'], reason: after['disabled_reason'] }),
  'webhook_endpoint.deleted': ({ before }) => pick(before, ['url']),
  'subscription.activated': ({ after }) => pick(after, ['provider_id', ...STATE_FIELDS]),
  'subscription.updated': ({ after }) => pick(after, ['provider_id', ...STATE_FIELDS]),
  'subscription.canceled': ({ after }) => pick(after, ['provider_id', ...STATE_FIELDS]),
};

const pick = (fields: Fields, names: readonly string[]): Fields => Object.fromEntries(names.map((name) => [name, fields[name]]));

function compareEvent(change: Change, differences: Differences): void {
  const { event } = change;
  if (!event) return; // the action declares no event, or checkEventsAndEntries reports that it is missing
  const expected = EXPECTED_DATA[event.type];
  if (!expected) return void differences.list.push(`nothing compares the data of ${event.type} with its entry`);
  for (const [field, value] of Object.entries(expected(change)))
    differences.expect(
      isSame(event.data[field], value),
      () =>
        `the event ${event.type} ${event.id} has the ${field} ${textOf(event.data[field])}, and its entry says ${textOf(value)}`,
    );
}
