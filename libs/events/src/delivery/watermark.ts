import type { LogCursor } from '@pikaia/database';
import type { OutboxRow } from '../log/event.row.js';
import type { Reading } from '../log/outbox.reader.js';

/** The rows of one read. */
export interface ReadBatch {
  readonly reading: Reading;
  readonly settled: boolean[];
  /** Number of rows that are settled without a gap from the start. */
  settledPrefix: number;
}

/**
 * Tracks the rows that were read and are not settled. A row is settled once its event is accepted, is not wanted, or is a delivery.
 * Rows settle in any order. `cursor` never passes a row that is not settled, in reading order.
 */
export class Watermark {
  private readonly batches: ReadBatch[] = [];
  private unsettledRowCount = 0;
  private unsettledPayloadBytes = 0;
  private advancedRows = 0;

  constructor(private settledCursor: LogCursor) {}

  add(reading: Reading): ReadBatch {
    const batch: ReadBatch = { reading, settled: reading.rows.map(() => false), settledPrefix: 0 };
    this.batches.push(batch);
    this.unsettledRowCount += reading.rows.length;
    for (const row of reading.rows) this.unsettledPayloadBytes += bytesOf(row);
    this.advance();
    return batch;
  }

  /** Marks a row as settled, so that the cursor can pass it. */
  settle(batch: ReadBatch, index: number): void {
    batch.settled[index] = true;
    this.unsettledRowCount--;
    this.unsettledPayloadBytes -= bytesOf(batch.reading.rows[index]!);
    if (index === batch.settledPrefix) this.advance();
  }

  /** The cursor up to which every row is settled. */
  get cursor(): LogCursor {
    const batch = this.batches[0];
    return batch?.settledPrefix ? batch.reading.after(batch.settledPrefix) : this.settledCursor;
  }

  /** Number of rows that were read and are not settled. */
  get unsettledRows(): number {
    return this.unsettledRowCount;
  }

  /** Bytes of the payloads of the unsettled rows. */
  get unsettledBytes(): number {
    return this.unsettledPayloadBytes;
  }

  /** The time at which the first unsettled event was inserted, by the clock of the database, in epoch milliseconds. */
  get oldestUnsettledMs(): number | null | undefined {
    const batch = this.batches[0];
    return batch?.reading.rows[batch.settledPrefix]?.recordedMs;
  }

  /** Number of rows that the cursor passed since the last call. An empty read advances the cursor by 0 rows. */
  takeAdvancedRows(): number {
    const { advancedRows } = this;
    this.advancedRows = 0;
    return advancedRows;
  }

  get hasAdvanced(): boolean {
    return this.advancedRows > 0;
  }

  private advance(): void {
    for (let batch = this.batches[0]; batch; batch = this.batches[0]) {
      const before = batch.settledPrefix;
      while (batch.settled[batch.settledPrefix]) batch.settledPrefix++;
      this.advancedRows += batch.settledPrefix - before;
      if (batch.settledPrefix < batch.settled.length) return;
      this.settledCursor = batch.reading.after(batch.settledPrefix);
      this.batches.shift();
    }
  }
}

const bytesOf = ({ payload, size }: OutboxRow): number => (payload === null ? 0 : size);
