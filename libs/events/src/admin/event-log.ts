import { Inject, Injectable } from '@nestjs/common';
import { decodeCursor, encodeCursor, isId, redactValue } from '@pikaia/core';
import { outsideTransaction, queryJsonRows } from '@pikaia/database';
import { DataSource } from 'typeorm';
import type { EventFilter, EventScope } from './event-filter.js';
import {
  FIND_ATTEMPTS,
  FIND_DELIVERIES,
  FIND_EVENTS,
  FIND_EVENTS_BY_DELIVERY,
  FIND_RECEIPTS,
  MAX_EXAMINED,
} from './event-log.sql.js';
import type { AttemptView, DeliveryView, EventDetails, EventView, ReceiptView } from './event.view.js';
import { slotsOf } from './log-slots.js';

export interface EventLogOptions {
  readonly cursorKey: string | Uint8Array;
}

export const EVENT_LOG_OPTIONS = Symbol('pikaia.event-log-options');

export interface EventPageRequest {
  readonly filter?: EventFilter;
  /** `next_cursor` of the previous page, for the same filter and scope. */
  readonly cursor?: string | undefined;
  readonly limit: number;
  readonly scope: EventScope;
}

export interface EventPage {
  readonly data: readonly EventView[];
  /** null on the last page. A page can have fewer events than `limit` and still have a cursor. */
  readonly next_cursor: string | null;
}

type PageRow = EventView & { position: string | null; examined: number; lowest: string | null };

/** These statuses come from deliveries and not from the log. */
const DELIVERY_STATUSES = new Set<string | undefined>(['retrying', 'waiting', 'failed', 'skipped']);

/**
 * Reads the events of the outbox and the state of their delivery. Each read runs outside any transaction, so it does not see
 * events that the caller's transaction has not committed.
 *
 * Secrets in the results are redacted. Personal data is not: the application decides who may see it.
 */
@Injectable()
export class EventLog {
  constructor(
    @Inject(DataSource) private readonly source: DataSource,
    @Inject(EVENT_LOG_OPTIONS) private readonly options: EventLogOptions,
  ) {}

  /**
   * Returns a page of events, newest first.
   *
   * @throws PikaiaError `PIKAIA_CURSOR_INVALID` for a cursor of another filter or scope, or with a wrong signature.
   */
  async find({ filter = {}, cursor, limit, scope }: EventPageRequest): Promise<EventPage> {
    const organization = 'organization' in scope ? scope.organization : filter.organization_id;
    if (filter.organization_id !== undefined && filter.organization_id !== organization) return { data: [], next_cursor: null };
    const conditions = Object.entries(filter).filter(([, value]) => value !== undefined);
    const binding = `events:${JSON.stringify([organization ?? null, conditions.sort()])}`;
    const { status, error, from, to } = filter;
    const readsDeliveries = error !== undefined || DELIVERY_STATUSES.has(status);
    const parameters = [
      cursor === undefined ? null : decodeCursor(cursor, binding, this.options.cursorKey),
      organization ?? null,
      filter.event_id ?? null,
      filter.event_type ?? null,
      filter.aggregate_type ?? null,
      filter.aggregate_id ?? null,
      filter.correlation_id ?? null,
      status ?? null,
      limit + 1,
      MAX_EXAMINED,
      from ?? null,
      to ?? null,
      readsDeliveries ? (error ?? null) : slotsOf(from, to, Date.now()),
    ];
    const select = readsDeliveries ? FIND_EVENTS_BY_DELIVERY : FIND_EVENTS;
    const rows = await this.query<PageRow>(select, parameters, ['occurred_at', 'recorded_at', 'published_at']);
    const found = rows.filter(({ position }) => position !== null);
    const next = found.length > limit ? found[limit - 1]!.position : rows[0]!.examined === MAX_EXAMINED ? rows[0]!.lowest : null;
    return {
      data: found.slice(0, limit).map(({ position: _position, examined: _examined, lowest: _lowest, ...event }) => event),
      next_cursor: next === null ? null : encodeCursor(next, binding, this.options.cursorKey),
    };
  }

  /** Returns one event, or null if the scope has no event with this id. */
  async get(id: string, scope: EventScope): Promise<EventDetails | null> {
    if (!isId(id)) return null;
    const { data } = await this.find({ filter: { event_id: id }, limit: 1, scope });
    if (!data[0]) return null;
    const [deliveries, failed_attempts, receipts] = await Promise.all([
      this.query<DeliveryView>(FIND_DELIVERIES, [id], ['next_attempt_at', 'updated_at', 'published_at']),
      this.attempts(data),
      this.receipts(data),
    ]);
    return { ...data[0], deliveries, failed_attempts, receipts };
  }

  /** Returns the failed attempts to deliver events that `find` returned, oldest first. At most 500. */
  attempts(events: readonly EventView[]): Promise<AttemptView[]> {
    return this.query(FIND_ATTEMPTS, [idsOf(events)], ['attempted_at']);
  }

  /** Returns the receipts for events that `find` returned, in the order in which they were done. At most 500. */
  receipts(events: readonly EventView[]): Promise<ReceiptView[]> {
    return this.query(FIND_RECEIPTS, [idsOf(events)], ['claimed_until', 'done_at']);
  }

  /** Every read passes here, so none returns a secret. The stored rows are unchanged. */
  private async query<Row extends object>(
    sql: string,
    values: unknown[],
    dates: readonly (keyof Row & string)[],
  ): Promise<Row[]> {
    return redactValue(await outsideTransaction(() => queryJsonRows<Row>(this.source, sql, values, dates)));
  }
}

const idsOf = (events: readonly EventView[]): string[] => events.map(({ event_id }) => event_id);
