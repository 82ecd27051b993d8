import { comparePositions } from '@pikaia/database';
import type { Attempt, DeliveryChanges } from '../log/delivery.record.js';
import { newDelivery, type Delivery } from './delivery.js';
import type { RelayContext } from './relay.context.js';
import { afterEvent, queryText, toOutboxRow, type EventRow, type OutboxRow } from '../log/event.row.js';
import {
  BLOCKED_AGGREGATES,
  DUE_DELIVERIES,
  FIND_DELIVERY,
  AGGREGATE_HEADS,
  HIGHEST_POSITION,
  KNOWN_EVENT_IDS,
  NEXT_RETRY_TIME,
} from './delivery.sql.js';

const LOAD_BATCH_SIZE = 100; // deliveries of one query, with their payloads
const MAX_IN_FLIGHT = 200; // deliveries; after an outage every delivery can be due at once

interface BlockedAggregate {
  readonly aggregateType: string;
  readonly aggregateId: string;
  /** Number of deliveries that are retrying, waiting or failed, including unsaved ones. */
  count: number;
}

interface AggregateKey {
  readonly aggregateType: string;
  readonly aggregateId: string;
}

export const laneOf = ({ aggregateType, aggregateId }: AggregateKey): string => `${aggregateType} ${aggregateId}`;

/**
 * The leader's in-memory index of a sink's deliveries: the blocked aggregates, the unsaved changes and the time of the next
 * retry. Only the leader writes deliveries, so the index and the table agree.
 *
 * An aggregate is blocked while it has an open delivery: one that is retrying, waiting or failed, stored or not. The first one is
 * its head.
 *
 * | set                 | contents                                                                                  |
 * | ------------------- | ----------------------------------------------------------------------------------------- |
 * | `blocked`           | the blocked aggregates by lane                                                            |
 * | `released`          | lanes whose last head is settled; `takeDue` loads the next head                           |
 * | `withoutStoredHead` | lanes whose next head is not stored yet; once a store contains it, the lane is `released` |
 * | `inFlight`          | ids of events whose retry runs, or whose result is not stored                             |
 */
export class DeliveryIndex {
  private readonly blocked = new Map<string, BlockedAggregate>();
  private readonly released = new Set<string>();
  private readonly withoutStoredHead = new Set<string>();
  private readonly inFlight = new Set<string>();
  private changes = new Map<string, Delivery>();
  private attempts: Attempt[] = [];
  private payloadBytes = 0;
  private nextDueAt = Infinity;
  /** Highest position with a delivery of a previous leader. No event above it has a stored delivery. */
  private highestPosition = '0';

  constructor(private readonly relay: Pick<RelayContext, 'client' | 'sink'>) {}

  async load(): Promise<void> {
    await this.findNextDue(new Date(0));
    const found = await this.relay.client.query<{ position: string | null }>(HIGHEST_POSITION, [this.relay.sink.name]);
    this.highestPosition = found.rows[0]!.position ?? '0';
    if (!this.isOrdered) return;
    const { rows } = await this.relay.client.query<{
      aggregate_type: string;
      aggregate_id: string;
      deliveries: number;
      head: string;
    }>(BLOCKED_AGGREGATES, [this.relay.sink.name]);
    for (const row of rows) {
      const aggregate = { aggregateType: row.aggregate_type, aggregateId: row.aggregate_id, count: row.deliveries };
      this.blocked.set(laneOf(aggregate), aggregate);
      if (row.head === 'waiting') this.released.add(laneOf(aggregate)); // the leader died after it settled the previous head
    }
  }

  /**
   * Returns the ids of the events that have a delivery of a previous leader. Such events are above the stored or rewound
   * cursor, so they are read again. Their delivery decides what happens to them.
   */
  async findKnownIds(rows: readonly OutboxRow[]): Promise<ReadonlySet<string>> {
    const asked = rows
      .filter(({ position }) => comparePositions(position, this.highestPosition) <= 0)
      .map(({ eventId }) => eventId);
    if (!asked.length) return new Set();
    const found = await this.relay.client.query<{ event_id: string }>(KNOWN_EVENT_IDS, [this.relay.sink.name, asked]);
    return new Set(found.rows.map(({ event_id }) => event_id));
  }

  isBlocked(aggregate: AggregateKey): boolean {
    return this.blocked.has(laneOf(aggregate));
  }

  /** Records the new state of a delivery. The next store writes it. */
  record(delivery: Delivery, attempt?: Attempt): void {
    if (attempt) this.attempts.push(attempt);
    if (!delivery.stored && !this.changes.has(delivery.eventId)) {
      if (this.isOrdered) this.block(delivery);
      this.payloadBytes += Buffer.byteLength(delivery.payload ?? '');
    }
    this.changes.set(delivery.eventId, delivery);
  }

  /** Records that a failed delivery was deleted. Unblocks the aggregate if no other delivery blocks it. */
  forgetFailed(aggregate: AggregateKey): void {
    const blocked = this.blocked.get(laneOf(aggregate));
    if (blocked && --blocked.count === 0) this.blocked.delete(laneOf(aggregate));
  }

  /** Records a failed attempt that changes no delivery. */
  recordAttempt(attempt: Attempt): void {
    this.attempts.push(attempt);
  }

  get hasChanges(): boolean {
    return this.changes.size > 0;
  }

  /** True while an event is retried, and until its result is stored. */
  isInFlight(eventId: string): boolean {
    return this.inFlight.has(eventId);
  }

  /** Returns the delivery as it is stored, without unsaved changes. */
  async find(eventId: string): Promise<Delivery | undefined> {
    return (await this.queryDeliveries(FIND_DELIVERY, [eventId]))[0];
  }

  /** Returns the stored delivery that blocks an aggregate. */
  async headOf({ aggregateType, aggregateId }: AggregateKey): Promise<Delivery | undefined> {
    return (await this.queryDeliveries(AGGREGATE_HEADS, [[aggregateType], [aggregateId]]))[0];
  }

  /** Size of the payloads that the next store writes, in bytes. */
  get unsavedBytes(): number {
    return this.payloadBytes;
  }

  takeChanges(): DeliveryChanges {
    const taken = { deliveries: [...this.changes.values()], attempts: this.attempts };
    this.changes = new Map();
    this.attempts = [];
    this.payloadBytes = 0;
    return taken;
  }

  /** Applies stored changes: schedules retries and releases the next delivery of each aggregate whose head is settled. */
  onStored({ deliveries }: DeliveryChanges): void {
    for (const delivery of deliveries) {
      this.inFlight.delete(delivery.eventId);
      if (delivery.nextAttemptAt) this.nextDueAt = Math.min(this.nextDueAt, delivery.nextAttemptAt.getTime());
      if (!this.isOrdered) continue;
      const lane = laneOf(delivery);
      if (delivery.status === 'published' || delivery.status === 'skipped') this.release(lane);
      else if (this.withoutStoredHead.delete(lane)) this.released.add(lane);
    }
  }

  /** Time of the next retry in epoch milliseconds. Infinity if there is none or `MAX_IN_FLIGHT` is reached. */
  get dueAt(): number {
    if (this.inFlight.size >= MAX_IN_FLIGHT) return Infinity;
    return this.released.size ? 0 : this.nextDueAt;
  }

  /** Returns the deliveries to retry now, at most one for each aggregate. They are in flight until their next state is stored. */
  async takeDue(now: Date): Promise<Delivery[]> {
    const due = [...(await this.takeReleased()), ...(await this.takeRetries(now))];
    for (const { eventId } of due) this.inFlight.add(eventId);
    return due;
  }

  private async takeReleased(): Promise<Delivery[]> {
    const lanes = [...this.released].slice(0, LOAD_BATCH_SIZE);
    if (!lanes.length) return [];
    const aggregates = lanes.map((lane) => this.blocked.get(lane)).filter((blocked) => blocked !== undefined);
    for (const lane of lanes) this.released.delete(lane);
    const values = [aggregates.map((a) => a.aggregateType), aggregates.map((a) => a.aggregateId)];
    const heads = await this.queryDeliveries(AGGREGATE_HEADS, values);
    const found = new Set(heads.map(laneOf));
    for (const lane of lanes) if (this.blocked.has(lane) && !found.has(lane)) this.withoutStoredHead.add(lane);
    return heads.filter(({ status, eventId }) => status === 'waiting' && !this.inFlight.has(eventId));
  }

  private async takeRetries(now: Date): Promise<Delivery[]> {
    if (now.getTime() < this.nextDueAt) return [];
    const due = await this.queryDeliveries(DUE_DELIVERIES, [now, [...this.inFlight], LOAD_BATCH_SIZE]);
    if (due.length < LOAD_BATCH_SIZE) await this.findNextDue(now);
    return due;
  }

  private async queryDeliveries(text: string, values: unknown[]): Promise<Delivery[]> {
    const { client, sink } = this.relay;
    const rows = await queryText<DeliveryRow>(client, { text, values: [sink.name, ...values] });
    return rows.map(toDelivery);
  }

  private async findNextDue(after: Date): Promise<void> {
    const { rows } = await this.relay.client.query<{ next_attempt_at: Date }>(NEXT_RETRY_TIME, [this.relay.sink.name, after]);
    this.nextDueAt = rows[0]?.next_attempt_at.getTime() ?? Infinity;
  }

  private get isOrdered(): boolean {
    return this.relay.sink.ordering === 'aggregate';
  }

  private release(lane: string): void {
    const blocked = this.blocked.get(lane)!;
    if (--blocked.count > 0) this.released.add(lane);
    else this.blocked.delete(lane);
  }

  private block({ aggregateType, aggregateId }: Delivery): void {
    const lane = laneOf({ aggregateType, aggregateId });
    const blocked = this.blocked.get(lane);
    if (blocked) blocked.count++;
    else this.blocked.set(lane, { aggregateType, aggregateId, count: 1 });
  }
}

type DeliveryRow = readonly [
  ...EventRow,
  status: Delivery['status'],
  attempts: string,
  nextAttemptMs: string | null,
  lastError: string | null,
  fingerprint: string | null,
];

function toDelivery(row: DeliveryRow): Delivery {
  const [status, attempts, nextAttemptMs, lastError, fingerprint] = afterEvent(row);
  return {
    ...newDelivery(toOutboxRow(row)),
    status,
    attempts: Number(attempts),
    nextAttemptAt: nextAttemptMs === null ? null : new Date(Number(nextAttemptMs)),
    lastError,
    fingerprint,
    stored: true,
  };
}
