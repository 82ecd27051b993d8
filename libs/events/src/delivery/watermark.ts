import type { Cursor, OutboxRow, Reading } from '../log/cursor.js';

/** The rows of one reading. */
export interface Batch {
  readonly reading: Reading;
  readonly settled: boolean[];
  /** Settled without a gap from the start. */
  prefix: number;
}

/**
 * What was read and is not yet done with. Reading runs ahead and entries are settled in any order; a cursor may be
 * stored only up to where everything, in the order of reading, was accepted, refused or is waiting.
 */
export class Watermark {
  private readonly batches: Batch[] = [];
  private openRows = 0;
  private openPayload = 0;
  private moved = 0;

  constructor(private reached: Cursor) {}

  add(reading: Reading): Batch {
    const batch: Batch = { reading, settled: reading.rows.map(() => false), prefix: 0 };
    this.batches.push(batch);
    this.openRows += reading.rows.length;
    for (const row of reading.rows) this.openPayload += bytesOf(row);
    this.advance();
    return batch;
  }

  /** The row at this index is done with: the cursor may pass. */
  settle(batch: Batch, index: number): void {
    batch.settled[index] = true;
    this.openRows--;
    this.openPayload -= bytesOf(batch.reading.rows[index]!);
    if (index === batch.prefix) this.advance();
  }

  /** The cursor up to which everything is settled. */
  get cursor(): Cursor {
    const batch = this.batches[0];
    return batch?.prefix ? batch.reading.after(batch.prefix) : this.reached;
  }

  /** Rows that were read and are not settled. */
  get open(): number {
    return this.openRows;
  }

  /** Bytes of their payloads. */
  get openBytes(): number {
    return this.openPayload;
  }

  /** When the first of them occurred. */
  get oldestOpen(): Date | undefined {
    const batch = this.batches[0];
    return batch?.reading.rows[batch.prefix]?.occurredAt;
  }

  /** Rows that the cursor has passed since `takeMoved` was last asked: an empty read moves it too, but by nothing. */
  takeMoved(): number {
    const { moved } = this;
    this.moved = 0;
    return moved;
  }

  get hasMoved(): boolean {
    return this.moved > 0;
  }

  private advance(): void {
    for (let batch = this.batches[0]; batch; batch = this.batches[0]) {
      const before = batch.prefix;
      while (batch.settled[batch.prefix]) batch.prefix++;
      this.moved += batch.prefix - before;
      if (batch.prefix < batch.settled.length) return;
      this.reached = batch.reading.after(batch.prefix);
      this.batches.shift();
    }
  }
}

const bytesOf = ({ payload, size }: OutboxRow): number => (payload === null ? 0 : size);
