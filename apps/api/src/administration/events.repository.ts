import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { redactValue } from '@pikaia/core';
import { outsideTransaction, queryJsonRows } from '@pikaia/database';
import type { Envelope } from '@pikaia/events';
import { DataSource } from 'typeorm';
import { PageCursor } from '../server/page.cursor.js';
import type { FindEventsRequest } from './event.requests.js';
import { findAttempts, findDeliveries, findEvents, findEventsByDelivery, findReceipts } from './events.sql.js';
import { slotsOf } from './log-slots.js';
import { mask, MASK } from './mask.js';
import type { Scope } from './scope.js';

/** These statuses come from deliveries and not from the log. */
const DELIVERY_STATUSES = new Set<string | undefined>(['retrying', 'waiting', 'failed', 'skipped']);
const MAX_EXAMINED_ROWS = 20_000; // per request; then the response contains the matches so far and a cursor

export interface EventView {
  readonly event_id: string;
  readonly event_type: string;
  readonly schema_version: number;
  readonly aggregate_type: string;
  readonly aggregate_id: string;
  readonly organization_id: string | null;
  readonly correlation_id: string | null;
  readonly occurred_at: Date;
  readonly status: string;
  readonly attempts: number;
  readonly last_error: string | null;
  readonly published_at: Date | null;
  readonly payload: Envelope;
}

export interface DeliveryView {
  readonly sink: string;
  readonly status: string;
  readonly attempts: number;
  readonly next_attempt_at: Date | null;
  readonly last_error: string | null;
  readonly updated_at: Date;
}

export interface AttemptView {
  readonly event_id: string;
  readonly sink: string;
  readonly attempted_at: Date;
  readonly error: string;
}

export interface ReceiptView {
  readonly event_id: string;
  readonly consumer: string;
  readonly state: string;
  readonly claimed_until: Date | null;
  readonly done_at: Date | null;
  readonly result: unknown;
}

type Row = EventView & { position: string | null; examined: number; lowest: string | null };

@Injectable()
export class EventsRepository {
  constructor(
    @InjectDataSource() private readonly source: DataSource,
    private readonly cursors: PageCursor,
  ) {}

  /**
   * Lists events, newest first. A page can have fewer than `limit` events and a next page: a query examines at most
   * MAX_EXAMINED_ROWS.
   */
  async find(filter: FindEventsRequest, scope: Scope): Promise<{ data: EventView[]; next_cursor: string | null }> {
    const { cursor, limit, ...values } = filter;
    const list = `events:${JSON.stringify([scope.organizationId ?? null, Object.entries(values).sort()])}`;
    const { from, to, error } = values;
    const readsDeliveries = error !== undefined || DELIVERY_STATUSES.has(values.status);
    const parameters = [
      cursor === undefined ? null : this.cursors.decode(cursor, list),
      scope.organizationId ?? null,
      values.event_id ?? null,
      values.event_type ?? null,
      values.aggregate_type ?? null,
      values.aggregate_id ?? null,
      values.correlation_id ?? null,
      values.status ?? null,
      limit + 1,
      MAX_EXAMINED_ROWS,
      from ?? null,
      to ?? null,
      readsDeliveries ? (error ?? null) : slotsOf(from, to, Date.now()),
    ];
    const select = readsDeliveries ? findEventsByDelivery : findEvents;
    const rows = await this.query<Row>(select, parameters, ['occurred_at', 'published_at']);
    const found = rows.filter(({ position }) => position !== null);
    const next =
      found.length > limit ? found[limit - 1]!.position! : rows[0]!.examined === MAX_EXAMINED_ROWS ? rows[0]!.lowest! : null;
    return {
      data: found.slice(0, limit).map((row) => toView(row, scope)),
      next_cursor: next === null ? null : this.cursors.encode(next, list),
    };
  }

  /** Returns one event, or undefined if the scope has no event with this id. */
  async get(id: string, scope: Scope) {
    const { data } = await this.find({ event_id: id, limit: 1 }, scope);
    if (!data[0]) return undefined;
    const [deliveries, attempts, receipts] = await Promise.all([
      this.query<DeliveryView>(findDeliveries, [id], ['next_attempt_at', 'updated_at']),
      this.attempts([id]),
      this.receipts([id]),
    ]);
    return { ...data[0], deliveries, failed_attempts: attempts, receipts };
  }

  attempts(eventIds: readonly string[]): Promise<AttemptView[]> {
    return this.query(findAttempts, [eventIds], ['attempted_at']);
  }

  receipts(eventIds: readonly string[]): Promise<ReceiptView[]> {
    return this.query(findReceipts, [eventIds], ['claimed_until', 'done_at']);
  }

  /** Queries rows and redacts the secrets in them, for every caller. The stored rows are unchanged. */
  private async query<Row extends object>(
    sql: string,
    values: unknown[],
    dates: readonly (keyof Row & string)[],
  ): Promise<Row[]> {
    return redactValue(await outsideTransaction(() => queryJsonRows<Row>(this.source, sql, values, dates)));
  }
}

function toView({ position: _position, examined: _examined, lowest: _lowest, ...event }: Row, { masked }: Scope): EventView {
  if (!masked) return event;
  const { actor, data } = event.payload;
  return {
    ...event,
    payload: {
      ...event.payload,
      actor: actor && { ...actor, ...(actor.email !== undefined && { email: MASK }) },
      data: mask(data),
    },
  };
}
