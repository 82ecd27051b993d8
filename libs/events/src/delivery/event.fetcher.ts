import type { Clock } from '@pikaia/core';
import type { Cursor, OutboxRow, Reading } from '../log/cursor.js';
import { laneOf, type DeliveryIndex } from './delivery.index.js';
import { markWaiting, undelivered } from './delivery.js';
import type { LeaderTask } from './leader.task.js';
import type { Batch, Watermark } from './watermark.js';
import type { Lanes } from './lanes.js';
import type { OutboxReader } from '../log/outbox.reader.js';
import type { OutcomeHandler } from './outcome.handler.js';
import type { Sink } from './sink.js';

export interface EventFetcherOptions {
  readonly sink: Sink;
  readonly clock: Clock;
  readonly pollIntervalMs: number;
  /** Rows in memory, above which nothing more is read ahead. */
  readonly readAhead: number;
  /** The same in bytes of payload. */
  readonly readAheadBytes: number;
}

/** Takes in what is to be sent: reads the log ahead of the sink, and fetches the deliveries whose time has come. */
export class EventFetcher implements LeaderTask {
  /** Monotonic milliseconds. */
  lastReadAt = -Infinity;
  private mayHaveMore = true;
  /** The next reading, under way while the rows of the last one are handed over. */
  private ahead: Promise<Reading> | undefined;

  constructor(
    private readonly options: EventFetcherOptions,
    private readonly reader: OutboxReader,
    private cursor: Cursor,
    private readonly watermark: Watermark,
    private readonly lanes: Lanes,
    private readonly deliveries: DeliveryIndex,
    private readonly outcomes: OutcomeHandler,
    private readonly mayTake: () => boolean,
  ) {}

  /** The log may have something new. */
  noteNews(): void {
    this.mayHaveMore = true;
  }

  /** The last read found nothing, and no delivery is due. */
  get isIdle(): boolean {
    return !this.mayHaveMore && this.retryDueIn > 0;
  }

  get dueIn(): number {
    return this.mayTake() ? Math.min(this.retryDueIn, this.readDueIn) : Infinity;
  }

  step(): void | Promise<void> {
    if (this.dueIn <= 0) return this.takeDue();
  }

  private async takeDue(): Promise<void> {
    if (this.retryDueIn <= 0) await this.takeDueDeliveries();
    if (this.readDueIn <= 0) await this.read();
  }

  private async read(): Promise<void> {
    // What was read ahead may be older than the news that made us look: then there is something to read after it.
    this.mayHaveMore = this.ahead !== undefined;
    const reading = await (this.ahead ?? this.reader.read(this.cursor));
    this.ahead = undefined;
    this.lastReadAt = this.options.clock.monotonic();
    if (reading.rows.length) this.mayHaveMore = true;
    this.cursor = reading.after(reading.rows.length);
    if (reading.rows.length >= this.options.readAhead) this.readAhead();
    const batch = this.watermark.add(reading);
    const known = await this.deliveries.known(reading.rows);
    for (const [index, row] of reading.rows.entries()) {
      if (known.has(row.eventId)) this.watermark.settle(batch, index);
      else this.take(row, batch, index);
    }
  }

  /** A full reading has a successor, which the server prepares while this one is handed over: neither waits for the other. */
  private readAhead(): void {
    this.ahead = this.reader.read(this.cursor);
    this.ahead.catch(() => undefined); // whoever takes it is told; if nobody does, the term is over and has its own reason
  }

  private take(event: OutboxRow, batch: Batch, index: number): void {
    if (event.payload === null && !event.tooLarge) return this.watermark.settle(batch, index); // of a type that the sink does not want
    if (this.isOrdered && this.deliveries.isBlocked(event)) {
      this.deliveries.record(markWaiting(event));
      this.watermark.settle(batch, index);
    } else if (hasPayload(event)) {
      this.lanes.add({ lane: this.laneFor(event), event, delivery: null, batch, index, bytes: event.size });
    } else {
      this.outcomes.failTooLarge(undelivered(event));
      this.watermark.settle(batch, index);
    }
  }

  private async takeDueDeliveries(): Promise<void> {
    for (const delivery of await this.deliveries.takeDue(this.options.clock.now())) {
      const { payload } = delivery;
      if (payload === null) {
        this.outcomes.failTooLarge(delivery);
        continue;
      }
      const event = { ...delivery, payload, attempt: delivery.attempts + 1 };
      const bytes = Buffer.byteLength(payload);
      this.lanes.add({ lane: this.laneFor(delivery), event, delivery, batch: null, index: 0, bytes });
    }
  }

  private get isOrdered(): boolean {
    return this.options.sink.ordering === 'aggregate';
  }

  private laneFor(event: { readonly aggregateType: string; readonly aggregateId: string }): string | null {
    return this.isOrdered ? laneOf(event) : null;
  }

  private get retryDueIn(): number {
    return this.deliveries.dueAt - this.options.clock.now().getTime();
  }

  private get readDueIn(): number {
    const { readAhead, readAheadBytes, pollIntervalMs, clock } = this.options;
    if (this.watermark.open >= readAhead || this.watermark.openBytes >= readAheadBytes) return Infinity;
    return this.mayHaveMore ? 0 : this.lastReadAt + pollIntervalMs - clock.monotonic();
  }
}

const hasPayload = (row: OutboxRow): row is OutboxRow & { readonly payload: string } => row.payload !== null;
