import type { LogCursor } from '@pikaia/database';
import type { OutboxRow } from '../log/event.row.js';
import { laneOf, type DeliveryIndex } from './delivery.index.js';
import { markWaiting, newDelivery } from './delivery.js';
import type { LeaderTask } from './leader.task.js';
import type { ReadBatch, Watermark } from './watermark.js';
import type { Lanes } from './lanes.js';
import type { OutboxReader, Reading } from '../log/outbox.reader.js';
import type { OutcomeHandler } from './outcome.handler.js';
import type { RelayContext } from './relay.context.js';

/** Fills the lanes: reads the log ahead of the sink and fetches the deliveries that are due for a retry. */
export class EventFetcher implements LeaderTask {
  /** Time of the last read, in monotonic milliseconds. */
  lastReadAt = -Infinity;
  private mayHaveMore = true;
  /** The next read, which runs while the rows of the previous one are sent. */
  private nextReading: Promise<Reading> | undefined;

  constructor(
    private readonly relay: Pick<RelayContext, 'sink' | 'clock' | 'pollIntervalMs' | 'limits'>,
    private readonly reader: OutboxReader,
    private cursor: LogCursor,
    private readonly watermark: Watermark,
    private readonly lanes: Lanes,
    private readonly deliveryIndex: DeliveryIndex,
    private readonly outcomeHandler: OutcomeHandler,
    private readonly mayFetch: () => boolean,
  ) {}

  /** Records that the log may contain new events. */
  onNewEvents(): void {
    this.mayHaveMore = true;
  }

  /** True if the last read found nothing and no delivery is due. */
  get isIdle(): boolean {
    return !this.mayHaveMore && this.retryDueInMs > 0;
  }

  get dueInMs(): number {
    return this.mayFetch() ? Math.min(this.retryDueInMs, this.readDueInMs) : Infinity;
  }

  step(): void | Promise<void> {
    if (this.dueInMs <= 0) return this.fetchDue();
  }

  private async fetchDue(): Promise<void> {
    if (this.retryDueInMs <= 0) await this.fetchDueDeliveries();
    if (this.readDueInMs <= 0) await this.read();
  }

  private async read(): Promise<void> {
    // A read-ahead can be older than the notification that caused this read. Read once more after it.
    this.mayHaveMore = this.nextReading !== undefined;
    const reading = await (this.nextReading ?? this.reader.read(this.cursor));
    this.nextReading = undefined;
    this.lastReadAt = this.relay.clock.monotonic();
    if (reading.rows.length) this.mayHaveMore = true;
    this.cursor = reading.after(reading.rows.length);
    if (reading.rows.length >= this.relay.limits.fresh) this.readAhead();
    const batch = this.watermark.add(reading);
    const known = await this.deliveryIndex.findKnownIds(reading.rows);
    for (const [index, row] of reading.rows.entries()) {
      if (known.has(row.eventId)) this.watermark.settle(batch, index);
      else this.route(row, batch, index);
    }
  }

  /** Starts the read after a full one, so that the server works on it while the relay sends the previous rows. */
  private readAhead(): void {
    this.nextReading = this.reader.read(this.cursor);
    this.nextReading.catch(() => undefined); // `read` rethrows it; if the term ends first, the term reports its own reason
  }

  private route(event: OutboxRow, batch: ReadBatch, index: number): void {
    if (event.payload === null && !event.tooLarge) return this.watermark.settle(batch, index); // not a type of this sink
    if (this.isOrdered && this.deliveryIndex.isBlocked(event)) {
      this.deliveryIndex.record(markWaiting(event));
      this.watermark.settle(batch, index);
    } else if (hasPayload(event)) {
      this.lanes.add({
        lane: this.laneFor(event),
        event,
        delivery: null,
        batch,
        index,
        bytes: event.size,
        recordedMs: event.recordedMs,
      });
    } else {
      this.outcomeHandler.failTooLarge(newDelivery(event));
      this.watermark.settle(batch, index);
    }
  }

  private async fetchDueDeliveries(): Promise<void> {
    for (const delivery of await this.deliveryIndex.takeDue(this.relay.clock.now())) {
      const { payload } = delivery;
      if (payload === null) {
        this.outcomeHandler.failTooLarge(delivery);
        continue;
      }
      const event = { ...delivery, payload, attempt: delivery.attempts + 1 };
      const bytes = Buffer.byteLength(payload);
      const recordedMs = delivery.recordedMs ?? null;
      this.lanes.add({ lane: this.laneFor(delivery), event, delivery, batch: null, index: 0, bytes, recordedMs });
    }
  }

  private get isOrdered(): boolean {
    return this.relay.sink.ordering === 'aggregate';
  }

  private laneFor(event: { readonly aggregateType: string; readonly aggregateId: string }): string | null {
    return this.isOrdered ? laneOf(event) : null;
  }

  private get retryDueInMs(): number {
    return this.deliveryIndex.dueAt - this.relay.clock.now().getTime();
  }

  private get readDueInMs(): number {
    const { limits, pollIntervalMs, clock } = this.relay;
    if (this.watermark.unsettledRows >= limits.fresh || this.watermark.unsettledBytes >= limits.bytes) return Infinity;
    return this.mayHaveMore ? 0 : this.lastReadAt + pollIntervalMs - clock.monotonic();
  }
}

const hasPayload = (row: OutboxRow): row is OutboxRow & { readonly payload: string } => row.payload !== null;
