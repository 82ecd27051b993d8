import { Inject, Injectable } from '@nestjs/common';
import { decodeCursor, encodeCursor, isId, MAX_LISTED_BYTES, redactValue } from '@pikaia/core';
import { outsideTransaction, queryJsonPage, queryJsonRows, type JsonPage } from '@pikaia/database';
import { DataSource } from 'typeorm';
import { MAX_PAYLOAD_BYTES } from '../log/payload-limit.js';
import type { EventFilter, EventScope } from './event-filter.js';
import {
  FIND_ATTEMPTS,
  FIND_DELIVERIES,
  FIND_EVENTS,
  FIND_EVENTS_BY_DELIVERY,
  FIND_RECEIPTS,
  MAX_EXAMINED,
  MAX_ROWS,
  MAX_ROWS_PER_EVENT,
} from './event-log.sql.js';
import type { AttemptView, DeliveryView, EventDetails, EventView, NewestItems, ReceiptView } from './event.view.js';
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
  /** null on the last page. A page can have fewer events than `limit` and still have a cursor: it ends at 1 MiB. */
  readonly next_cursor: string | null;
}

type Ranked<Item> = Item & { readonly rank: number };
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
   * Returns a page of events, newest first. A page has at most 1 MiB, as JSON. A payload of more than 16 KiB is left out: see
   * `EventView.shortened`.
   *
   * @throws PikaiaError `PIKAIA_CURSOR_INVALID` for a cursor of another filter or scope, or with a wrong signature.
   */
  find(request: EventPageRequest): Promise<EventPage> {
    return this.findPage(request, MAX_LISTED_BYTES);
  }

  private async findPage({ filter = {}, cursor, limit, scope }: EventPageRequest, maxPayloadBytes: number): Promise<EventPage> {
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
      maxPayloadBytes,
    ];
    const select = readsDeliveries ? FIND_EVENTS_BY_DELIVERY : FIND_EVENTS;
    const { rows, selected } = await this.queryPage<PageRow>(select, parameters, ['occurred_at', 'recorded_at', 'published_at']);
    const found = rows.filter(({ position }) => position !== null).slice(0, limit);
    const hasMore = found.length > 0 && selected > found.length;
    const next = hasMore ? found.at(-1)!.position : rows[0]!.examined === MAX_EXAMINED ? rows[0]!.lowest : null;
    return {
      data: found.map(({ position: _position, examined: _examined, lowest: _lowest, ...event }) => event),
      next_cursor: next === null ? null : encodeCursor(next, binding, this.options.cursorKey),
    };
  }

  /** Returns one event, or null if the scope has no event with this id. */
  async get(id: string, scope: EventScope): Promise<EventDetails | null> {
    if (!isId(id)) return null;
    const { data } = await this.findPage({ filter: { event_id: id }, limit: 1, scope }, MAX_PAYLOAD_BYTES);
    if (!data[0]) return null;
    const [deliveries, attempts, receipts] = await Promise.all([
      this.query<DeliveryView>(FIND_DELIVERIES, [id], ['next_attempt_at', 'updated_at', 'published_at']),
      this.attempts(data),
      this.findReceipts(data, MAX_PAYLOAD_BYTES),
    ]);
    const truncated = [
      ...(attempts.truncated ? (['failed_attempts'] as const) : []),
      ...(receipts.truncated ? (['receipts'] as const) : []),
    ];
    return { ...data[0], deliveries, failed_attempts: attempts.data, receipts: receipts.data, truncated };
  }

  /**
   * Returns the newest failed attempts to deliver events that `find` returned, oldest first. At most 200 of each event, 2,000
   * altogether, and 1 MiB as JSON.
   */
  async attempts(events: readonly EventView[]): Promise<NewestItems<AttemptView>> {
    const page = await this.queryPage<Ranked<AttemptView>>(FIND_ATTEMPTS, [idsOf(events)], ['attempted_at']);
    return newestItems(page, ({ attempted_at }) => attempted_at);
  }

  /**
   * Returns the newest receipts for events that `find` returned, in the order in which they were done. The limits are those of
   * `attempts`. A result of more than 16 KiB is left out: see `ReceiptView.shortened`.
   */
  receipts(events: readonly EventView[]): Promise<NewestItems<ReceiptView>> {
    return this.findReceipts(events, MAX_LISTED_BYTES);
  }

  private async findReceipts(events: readonly EventView[], maxResultBytes: number): Promise<NewestItems<ReceiptView>> {
    const values = [idsOf(events), maxResultBytes];
    const page = await this.queryPage<Ranked<ReceiptView>>(FIND_RECEIPTS, values, ['claimed_until', 'done_at']);
    return newestItems(page, ({ done_at }) => done_at);
  }

  private async queryPage<Row extends object>(
    sql: string,
    values: unknown[],
    dates: readonly (keyof Row & string)[],
  ): Promise<JsonPage<Row>> {
    return redactValue(await outsideTransaction(() => queryJsonPage<Row>(this.source, sql, values, dates)));
  }

  /** Every read passes here or through `queryPage`, so none returns a secret. The stored rows are unchanged. */
  private async query<Row extends object>(
    sql: string,
    values: unknown[],
    dates: readonly (keyof Row & string)[],
  ): Promise<Row[]> {
    return redactValue(await outsideTransaction(() => queryJsonRows<Row>(this.source, sql, values, dates)));
  }
}

const idsOf = (events: readonly EventView[]): string[] => events.map(({ event_id }) => event_id);

/** Sorts ranked rows by time. A row without a time comes last. */
function newestItems<Item extends object>(
  { rows, selected }: JsonPage<Ranked<Item>>,
  timeOf: (item: Item) => Date | null,
): NewestItems<Item> {
  const shown = rows.filter(({ rank }) => rank <= MAX_ROWS_PER_EVENT).slice(0, MAX_ROWS);
  const time = (item: Item): number => timeOf(item)?.getTime() ?? Infinity;
  const inOrder = shown.toReversed().sort((a, b) => (time(a) === time(b) ? 0 : time(a) - time(b)));
  return { data: inOrder.map(({ rank: _rank, ...item }) => item as unknown as Item), truncated: selected > shown.length };
}
