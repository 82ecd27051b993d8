import type { ClientBase } from 'pg';
import type { Attempt, DeliveryChanges } from '../log/delivery.record.js';
import type { Delivery } from './delivery.js';
import { comparePositions, type OutboxRow } from '../log/cursor.js';
import { BLOCKED, DUE, FIND_DELIVERY, HEADS, HIGHEST, KNOWN, NEXT_DUE } from './delivery.sql.js';

const LOAD_AT_ONCE = 100; // deliveries with their payloads
const MOST_IN_HAND = 200; // after an outage all of them may be due

interface BlockedAggregate {
  readonly aggregateType: string;
  readonly aggregateId: string;
  /** Deliveries that are retrying, waiting or failed, those not yet stored included. */
  count: number;
}

interface AggregateOf {
  readonly aggregateType: string;
  readonly aggregateId: string;
}

export const laneOf = ({ aggregateType, aggregateId }: AggregateOf): string => `${aggregateType} ${aggregateId}`;

/**
 * What the leader knows of a sink's deliveries: which aggregates are blocked, what has changed since the last store,
 * when the next retry is due. Only the leader writes deliveries, so its memory and the table agree.
 */
export class DeliveryIndex {
  private readonly blocked = new Map<string, BlockedAggregate>();
  /** Aggregates whose head was settled: the next one is looked up after the store. */
  private readonly released = new Set<string>();
  /** Aggregates that are blocked by deliveries which are not stored yet: their head is known after the next store. */
  private readonly headless = new Set<string>();
  private readonly inHand = new Set<string>();
  private changes = new Map<string, Delivery>();
  private attempts: Attempt[] = [];
  private payloadBytes = 0;
  private nextDueAt = Infinity;
  /** Of what former leaders left: above it nothing that is read has a delivery. */
  private highest = '0';

  constructor(
    private readonly client: ClientBase,
    private readonly sink: string,
    private readonly ordered: boolean,
  ) {}

  async load(): Promise<void> {
    await this.findNextDue(new Date(0));
    const found = await this.client.query<{ position: string | null }>(HIGHEST, [this.sink]);
    this.highest = found.rows[0]!.position ?? '0';
    if (!this.ordered) return;
    const { rows } = await this.client.query<{ aggregate_type: string; aggregate_id: string; deliveries: number; head: string }>(
      BLOCKED,
      [this.sink],
    );
    for (const row of rows) {
      const aggregate = { aggregateType: row.aggregate_type, aggregateId: row.aggregate_id, count: row.deliveries };
      this.blocked.set(laneOf(aggregate), aggregate);
      if (row.head === 'waiting') this.released.add(laneOf(aggregate)); // its predecessor was settled, then the leader died
    }
  }

  /**
   * Which of these events have a delivery that a former leader stored: they were read before, above a cursor that was
   * stored or rewound to, and their delivery says what becomes of them.
   */
  async known(rows: readonly OutboxRow[]): Promise<ReadonlySet<string>> {
    const asked = rows.filter(({ position }) => comparePositions(position, this.highest) <= 0).map(({ eventId }) => eventId);
    if (!asked.length) return new Set();
    const found = await this.client.query<{ event_id: string }>(KNOWN, [this.sink, asked]);
    return new Set(found.rows.map(({ event_id }) => event_id));
  }

  isBlocked(aggregate: AggregateOf): boolean {
    return this.blocked.has(laneOf(aggregate));
  }

  /** Takes up a new state, to be written with the next store. */
  record(delivery: Delivery, attempt?: Attempt): void {
    if (attempt) this.attempts.push(attempt);
    if (this.ordered && !delivery.stored && !this.changes.has(delivery.eventId)) this.block(delivery);
    if (!delivery.stored && !this.changes.has(delivery.eventId)) this.payloadBytes += delivery.payload?.length ?? 0;
    this.changes.set(delivery.eventId, delivery);
  }

  /** A failed delivery of this aggregate, behind which nothing waited, is removed: its aggregate may go on. */
  forget(aggregate: AggregateOf): void {
    const blocked = this.blocked.get(laneOf(aggregate));
    if (blocked && --blocked.count === 0) this.blocked.delete(laneOf(aggregate));
  }

  /** A failed attempt that changes no delivery. */
  noteAttempt(attempt: Attempt): void {
    this.attempts.push(attempt);
  }

  get hasChanges(): boolean {
    return this.changes.size > 0;
  }

  /** It is being tried, or what came of that is not stored yet. */
  isInHand(eventId: string): boolean {
    return this.inHand.has(eventId);
  }

  /** As it is stored. */
  async find(eventId: string): Promise<Delivery | undefined> {
    const { rows } = await this.client.query<DeliveryRow>(FIND_DELIVERY, [this.sink, eventId]);
    return rows[0] && toDelivery(rows[0]);
  }

  /** The stored delivery that an aggregate waits for. */
  async headOf({ aggregateType, aggregateId }: AggregateOf): Promise<Delivery | undefined> {
    const { rows } = await this.client.query<DeliveryRow>(HEADS, [this.sink, [aggregateType], [aggregateId]]);
    return rows[0] && toDelivery(rows[0]);
  }

  /** Of payloads that the next store writes. */
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

  /** After the store: retries have their time, and what was settled opens the way for the next of its aggregate. */
  stored({ deliveries }: DeliveryChanges): void {
    for (const delivery of deliveries) {
      this.inHand.delete(delivery.eventId);
      if (delivery.nextAttemptAt) this.nextDueAt = Math.min(this.nextDueAt, delivery.nextAttemptAt.getTime());
      if (!this.ordered) continue;
      const lane = laneOf(delivery);
      if (delivery.status === 'published' || delivery.status === 'skipped') this.release(lane);
      else if (this.headless.delete(lane)) this.released.add(lane);
    }
  }

  /** Milliseconds of the epoch; Infinity when nothing is to be tried again, or enough is in hand. */
  get dueAt(): number {
    if (this.inHand.size >= MOST_IN_HAND) return Infinity;
    return this.released.size ? 0 : this.nextDueAt;
  }

  /** What is to be tried now, each alone in its aggregate; in hand until its next state is stored. */
  async takeDue(now: Date): Promise<Delivery[]> {
    const due = [...(await this.takeReleased()), ...(await this.takeRetries(now))];
    for (const { eventId } of due) this.inHand.add(eventId);
    return due;
  }

  private async takeReleased(): Promise<Delivery[]> {
    const lanes = [...this.released].slice(0, LOAD_AT_ONCE);
    if (!lanes.length) return [];
    const aggregates = lanes.map((lane) => this.blocked.get(lane)).filter((blocked) => blocked !== undefined);
    for (const lane of lanes) this.released.delete(lane);
    const values = [this.sink, aggregates.map((a) => a.aggregateType), aggregates.map((a) => a.aggregateId)];
    const { rows } = await this.client.query<DeliveryRow>(HEADS, values);
    const heads = rows.map(toDelivery);
    const found = new Set(heads.map(laneOf));
    for (const lane of lanes) if (this.blocked.has(lane) && !found.has(lane)) this.headless.add(lane);
    return heads.filter(({ status, eventId }) => status === 'waiting' && !this.inHand.has(eventId));
  }

  private async takeRetries(now: Date): Promise<Delivery[]> {
    if (now.getTime() < this.nextDueAt) return [];
    const { rows } = await this.client.query<DeliveryRow>(DUE, [this.sink, now, [...this.inHand], LOAD_AT_ONCE]);
    if (rows.length < LOAD_AT_ONCE) await this.findNextDue(now);
    return rows.map(toDelivery);
  }

  private async findNextDue(after: Date): Promise<void> {
    const { rows } = await this.client.query<{ next_attempt_at: Date }>(NEXT_DUE, [this.sink, after]);
    this.nextDueAt = rows[0]?.next_attempt_at.getTime() ?? Infinity;
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

interface DeliveryRow {
  event_id: string;
  position: string;
  status: Delivery['status'];
  attempts: number;
  next_attempt_at: Date | null;
  last_error: string | null;
  fingerprint: string | null;
  event_type: string;
  schema_version: number;
  aggregate_type: string;
  aggregate_id: string;
  organization_id: string | null;
  correlation_id: string | null;
  occurred_at: Date;
  payload: string | null;
}

const toDelivery = (row: DeliveryRow): Delivery => ({
  eventId: row.event_id,
  position: row.position,
  status: row.status,
  attempts: row.attempts,
  nextAttemptAt: row.next_attempt_at,
  lastError: row.last_error,
  fingerprint: row.fingerprint,
  eventType: row.event_type,
  schemaVersion: row.schema_version,
  aggregateType: row.aggregate_type,
  aggregateId: row.aggregate_id,
  organizationId: row.organization_id,
  correlationId: row.correlation_id,
  occurredAt: row.occurred_at,
  payload: row.payload,
  stored: true,
});
