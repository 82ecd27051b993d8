import { Inject, Injectable } from '@nestjs/common';
import { decodeCursor, encodeCursor, isId, MAX_LISTED_BYTES, redactValue, requireCursorKey } from '@pikaia/core';
import { DATA_SOURCE, outsideTransaction, queryJsonPage, queryJsonRows, type JsonPage } from '@pikaia/database';
import type { DataSource } from 'typeorm';
import { MAX_PAYLOAD_BYTES } from '../log/payload-limit.js';
import type { EventFilter, EventScope } from './event-filter.js';
import {
  COUNT_EVENTS,
  COUNT_EVENTS_BY_DELIVERY,
  FIND_ATTEMPTS,
  FIND_CAUSE,
  FIND_CAUSED,
  FIND_DELIVERIES,
  FIND_EVENTS,
  FIND_EVENTS_BY_DELIVERY,
  FIND_RECEIPTS,
  MAX_CAUSED,
  MAX_COUNTED,
  MAX_EXAMINED,
  MAX_EXAMINED_BY_COUNT,
  MAX_EXAMINED_PAYLOADS,
  MAX_ROWS,
  MAX_ROWS_PER_EVENT,
  MAX_SCANNED,
} from './event-log.sql.js';
import type {
  AttemptView,
  DeliveryView,
  EventDetails,
  EventView,
  NewestItems,
  ReceiptView,
  RelatedEventView,
} from './event.view.js';
import { slotsOf } from './log-slots.js';
import { PersonalView } from './personal-view.js';

export interface EventLogOptions {
  readonly cursorKey: string | Uint8Array | undefined;
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
  /** null on the last page. A page can have fewer events than `limit` and still have a cursor: at 1 MiB, or after 100,000 rows. */
  readonly next_cursor: string | null;
}

/** A count that stops at 10,000 events, or where it has examined too many. */
export interface EventCount {
  readonly count: number;
  /** True if there may be more events than `count`. */
  readonly is_capped: boolean;
}

/** A page of events with their failed attempts, oldest first, and their receipts, in the order in which they were done. */
export interface EventHistory extends EventPage {
  readonly failed_attempts: NewestItems<AttemptView>;
  readonly receipts: NewestItems<ReceiptView>;
  /** Masks the personal values of these events in other data about them, such as log lines, if the scope is that of an operator. */
  mask<T>(value: T): T;
}

type Ranked<Item> = Item & { readonly rank: number };
type Scan = { readonly examined: number; readonly scanned_to: string | null };
type PageRow = Omit<EventView, 'position'> & Scan & { position: string | null; lowest: string | null };

/** These statuses come from deliveries and not from the log. */
const DELIVERY_STATUSES = new Set<string | undefined>(['retrying', 'waiting', 'failed', 'skipped']);

/**
 * Reads the events of the outbox and the state of their delivery. Each read runs outside any transaction, so it does not see
 * events that the caller's transaction has not committed.
 *
 * Secrets in the results are redacted. An organization sees the personal data of its own events; operators see it masked.
 */
@Injectable()
export class EventLog {
  constructor(
    @Inject(DATA_SOURCE) private readonly source: DataSource,
    @Inject(EVENT_LOG_OPTIONS) private readonly options: EventLogOptions,
  ) {}

  /**
   * Returns a page of events, newest first. A page has at most 1 MiB, as JSON. A payload of more than 16 KiB is left out: see
   * `EventView.shortened`.
   *
   * @throws PikaiaError `PIKAIA_CURSOR_INVALID` for a cursor of another filter or scope, or with a wrong signature.
   */
  async find(request: EventPageRequest): Promise<EventPage> {
    const { data, ...page } = await this.findPage(request, MAX_LISTED_BYTES);
    const personal = new PersonalView(request.scope, data);
    return { data: data.map((event) => personal.event(event)), ...page };
  }

  /**
   * Returns a page of events as `find` does, with the newest failed attempts to deliver them and their newest receipts. At most 200
   * attempts and receipts of each event, 2,000 altogether, and 1 MiB as JSON. A result of more than 16 KiB is left out: see
   * `ReceiptView.shortened`.
   *
   * @throws PikaiaError `PIKAIA_CURSOR_INVALID`, as `find` does.
   */
  async findWithHistory(request: EventPageRequest): Promise<EventHistory> {
    const { data, ...page } = await this.findPage(request, MAX_LISTED_BYTES);
    const personal = new PersonalView(request.scope, data);
    return {
      data: data.map((event) => personal.event(event)),
      ...page,
      ...(await this.historyOf(data, personal, MAX_LISTED_BYTES)),
      mask: (value) => personal.aboutAll(value),
    };
  }

  /** Counts events. The cost is bounded: see `EventCount`. */
  async count({ filter = {}, scope }: Pick<EventPageRequest, 'filter' | 'scope'>): Promise<EventCount> {
    const selection = selectionOf(filter, scope);
    if (!selection) return { count: 0, is_capped: false };
    const sql = selection.readsDeliveries ? COUNT_EVENTS_BY_DELIVERY : COUNT_EVENTS;
    const maxExamined = selection.maxExamined(MAX_COUNTED, MAX_EXAMINED_BY_COUNT);
    const parameters = selection.parameters({ before: null, limit: MAX_COUNTED, maxExamined, maxPayloadBytes: 0 });
    const [row] = await this.query<Scan & { count: number }>(sql, parameters, []);
    const { count, examined, scanned_to: scannedTo } = row!;
    return {
      count: Math.min(count, MAX_COUNTED),
      is_capped: count > MAX_COUNTED || examined === maxExamined || scannedTo !== null,
    };
  }

  private async findPage({ filter = {}, cursor, limit, scope }: EventPageRequest, maxPayloadBytes: number): Promise<EventPage> {
    const cursorKey = requireCursorKey('OutboxAdminModule', this.options.cursorKey);
    const selection = selectionOf(filter, scope);
    if (!selection) return { data: [], next_cursor: null };
    const { binding, readsDeliveries } = selection;
    const before = cursor === undefined ? null : (decodeCursor(cursor, binding, cursorKey) as string);
    const select = readsDeliveries ? FIND_EVENTS_BY_DELIVERY : FIND_EVENTS;
    const maxExamined = selection.maxExamined(limit, MAX_EXAMINED);
    const parameters = selection.parameters({ before, limit, maxExamined, maxPayloadBytes });
    const { rows, selected } = await this.queryPage<PageRow>(select, parameters, ['occurred_at', 'recorded_at', 'published_at']);
    const found = rows.filter(isFound).slice(0, limit);
    const hasMore = found.length > 0 && selected > found.length;
    const last = rows[0]!;
    const next = hasMore ? found.at(-1)!.position : last.examined === maxExamined ? last.lowest : last.scanned_to;
    return {
      data: found.map(({ examined: _examined, lowest: _lowest, scanned_to: _scannedTo, ...event }) => ({
        ...event,
        causation_id: event.causation_id ?? event.payload?.causation_id ?? null, // the row of the log can be gone
      })),
      next_cursor: next === null ? null : encodeCursor(next, binding, cursorKey),
    };
  }

  /** Returns one event, or null if the scope has no event with this id. */
  async get(id: string, scope: EventScope): Promise<EventDetails | null> {
    if (!isId(id)) return null;
    const { data } = await this.findPage({ filter: { event_id: id }, limit: 1, scope }, MAX_PAYLOAD_BYTES);
    const [event] = data;
    if (!event) return null;
    const organization = 'organization' in scope ? scope.organization : null;
    const related = (sql: string, values: unknown[]) => this.query<RelatedEventView>(sql, values, ['occurred_at']);
    const personal = new PersonalView(scope, data);
    const [[cause = null], caused, deliveries, history] = await Promise.all([
      event.causation_id === null ? [] : related(FIND_CAUSE, [event.causation_id, organization]),
      related(FIND_CAUSED, [id, organization, event.correlation_id]),
      this.query<DeliveryView>(FIND_DELIVERIES, [id], ['next_attempt_at', 'updated_at', 'published_at']),
      this.historyOf(data, personal, MAX_PAYLOAD_BYTES),
    ]);
    const { failed_attempts: attempts, receipts } = history;
    const truncated = [
      ...(caused.length > MAX_CAUSED ? (['caused'] as const) : []),
      ...(attempts.truncated ? (['failed_attempts'] as const) : []),
      ...(receipts.truncated ? (['receipts'] as const) : []),
    ];
    return {
      ...personal.event(event),
      cause,
      caused: caused.slice(0, MAX_CAUSED),
      deliveries: deliveries.map((delivery) => ({ ...delivery, last_error: personal.about(id, delivery.last_error) })),
      failed_attempts: attempts.data,
      receipts: receipts.data,
      truncated,
    };
  }

  private async historyOf(
    events: readonly EventView[],
    personal: PersonalView,
    maxResultBytes: number,
  ): Promise<Pick<EventHistory, 'failed_attempts' | 'receipts'>> {
    const ids = events.map(({ event_id }) => event_id);
    const [attempts, receipts] = await Promise.all([
      this.queryPage<Ranked<AttemptView>>(FIND_ATTEMPTS, [ids], ['attempted_at']),
      this.queryPage<Ranked<ReceiptView>>(FIND_RECEIPTS, [ids, maxResultBytes], ['claimed_until', 'done_at']),
    ]);
    const failed = newestItems(attempts, ({ attempted_at }) => attempted_at);
    const done = newestItems(receipts, ({ done_at }) => done_at);
    return {
      failed_attempts: {
        ...failed,
        data: failed.data.map((attempt) => ({ ...attempt, error: personal.about(attempt.event_id, attempt.error) })),
      },
      receipts: { ...done, data: done.data.map((receipt) => personal.receipt(receipt)) },
    };
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

const isFound = (row: PageRow): row is PageRow & { position: string } => row.position !== null;

interface SelectedRange {
  /** Exclusive upper bound of the position. */
  readonly before: string | null;
  readonly limit: number;
  readonly maxExamined: number;
  readonly maxPayloadBytes: number;
}

interface Selection {
  /** Identifies the list in its cursors. */
  readonly binding: string;
  /** True if the deliveries decide which events match, and not the log. */
  readonly readsDeliveries: boolean;
  /** The maximum number of rows that are examined: `max` if each of them may not match. */
  maxExamined(limit: number, max: number): number;
  /** The parameters of FIND_EVENTS or FIND_EVENTS_BY_DELIVERY. */
  parameters(range: SelectedRange): unknown[];
}

/** Returns undefined if the filter names another organization than the scope. */
function selectionOf(filter: EventFilter, scope: EventScope): Selection | undefined {
  const organization = 'organization' in scope ? scope.organization : filter.organization_id;
  if (filter.organization_id !== undefined && filter.organization_id !== organization) return undefined;
  const conditions = Object.entries(filter).filter(([, value]) => value !== undefined);
  const { status, error, fingerprint, sink, actor_id: actor, from, to } = filter;
  const readsDeliveries = error !== undefined || fingerprint !== undefined || DELIVERY_STATUSES.has(status);
  const isIndexed = filter.event_id !== undefined || filter.correlation_id !== undefined;
  const isScan = [filter.event_type, filter.aggregate_type, filter.aggregate_id, from, to].some((value) => value !== undefined);
  const isExact = readsDeliveries
    ? sink !== undefined || status === undefined || status === 'failed'
    : sink === undefined && status === undefined;
  return {
    binding: `events:${JSON.stringify([organization ?? null, conditions.sort()])}`,
    readsDeliveries,
    maxExamined: (limit, max) => (actor !== undefined ? MAX_EXAMINED_PAYLOADS : isExact ? limit + 1 : max),
    parameters: ({ before, limit, maxExamined, maxPayloadBytes }) => [
      before,
      organization ?? null,
      filter.event_id ?? null,
      filter.event_type ?? null,
      filter.aggregate_type ?? null,
      filter.aggregate_id ?? null,
      filter.correlation_id ?? null,
      status ?? null,
      limit + 1,
      maxExamined,
      from ?? null,
      to ?? null,
      readsDeliveries ? (error ?? null) : slotsOf(from, to, Date.now()),
      maxPayloadBytes,
      sink ?? null,
      actor ?? null,
      readsDeliveries ? (fingerprint ?? null) : isScan && !isIndexed ? MAX_SCANNED : null,
    ],
  };
}

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
