import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { LogReading, type LogCursor } from '@pikaia/database';
import type { OutboxRow } from '../../../libs/events/src/log/event.row.js';
import { CursorStore } from '../../../libs/events/src/log/cursor.store.js';
import type { DeliveryChanges } from '../../../libs/events/src/log/delivery.record.js';
import { OutboxReader, READ_LIMITS, type Reading, type ReadParts } from '../../../libs/events/src/log/outbox.reader.js';
import { SinkRelay, type RelayOptions } from '../../../libs/events/src/leader/sink.relay.js';

/** Relays with one fault each that loses events. The proof must detect every one of them. */

/** Never reads the events of the transactions that were running at the snapshot. */
export class ReaderIgnoringRunning extends OutboxReader {
  protected override lookBack(cursor: LogCursor): { xmax: string; running: string[] } {
    return { ...super.lookBack(cursor), running: [] };
  }
}

/** Never reads the late events of transactions that started after the snapshot. */
export class ReaderIgnoringNewer extends OutboxReader {
  protected override lookBack(cursor: LogCursor): { xmax: string; running: string[] } {
    return { ...super.lookBack(cursor), xmax: '9223372036854775807' };
  }
}

/** Takes a second snapshot after an empty read instead of the snapshot of the read. */
export class ReaderWithSecondSnapshot extends OutboxReader {
  between: () => Promise<unknown> = () => sleep(Math.random() * 20);

  protected override async readNext(cursor: LogCursor): Promise<ReadParts> {
    const parts = await super.readNext(cursor);
    if (parts.late.length || parts.fresh.length) return parts;
    await this.between();
    const { rows } = await this.client.query<{ snapshot: string }>('select pg_current_snapshot()::text as snapshot');
    return { ...parts, snapshot: rows[0]!.snapshot };
  }
}

/** Advances the cursor although it read only a slice of the late rows. */
export class ReaderSkippingSlices extends OutboxReader {
  protected override async readNext(cursor: LogCursor): Promise<ReadParts> {
    return { ...(await super.readNext(cursor)), isLateComplete: true };
  }
}

class ReadingWithLastSnapshot extends LogReading<OutboxRow> {
  override after(taken: number): LogCursor {
    const isLastSlice = this.before.lateSnapshot !== null && this.parts.isLateComplete && taken === this.rows.length;
    return { ...super.after(taken), ...(isLastSlice && { snapshot: this.parts.snapshot }) };
  }
}

/** Stores the snapshot of the last slice instead of the snapshot that all slices belong to. */
export class ReaderWithLastSnapshot extends OutboxReader {
  pauseMs = 20;

  override async read(cursor: LogCursor): Promise<Reading> {
    if (cursor.lateSnapshot !== null) await sleep(Math.random() * this.pauseMs);
    return super.read(cursor);
  }

  protected override toReading(cursor: LogCursor, parts: ReadParts): Reading {
    return new ReadingWithLastSnapshot(cursor, parts);
  }
}

/** Remembers how far it has read, for the store below. */
class ReaderReportingPosition extends OutboxReader {
  readUpTo: LogCursor | undefined;

  override async read(cursor: LogCursor): Promise<Reading> {
    const reading = await super.read(cursor);
    this.readUpTo = reading.after(reading.rows.length);
    return reading;
  }
}

/** Stores the cursor of the last read instead of the cursor of the last delivery. */
class StoreOfReadCursor extends CursorStore {
  reader: ReaderReportingPosition | undefined;

  override store(cursor: LogCursor, changes: DeliveryChanges): Promise<number> {
    return super.store(this.reader?.readUpTo ?? cursor, changes);
  }
}

type ReaderClass = new (...args: ConstructorParameters<typeof OutboxReader>) => OutboxReader;

const relayWith = (Reader: ReaderClass) =>
  class extends SinkRelay {
    constructor(private readonly own: RelayOptions) {
      super(own);
    }

    protected override createReader(client: Client): OutboxReader {
      return new Reader(client, this.own.sink.name, this.own.limits ?? READ_LIMITS);
    }
  };

class RelayStoringReadCursor extends relayWith(ReaderReportingPosition) {
  private reader: ReaderReportingPosition | undefined;

  constructor(private readonly mine: RelayOptions) {
    super(mine);
  }

  protected override createReader(client: Client): OutboxReader {
    return (this.reader = super.createReader(client) as ReaderReportingPosition);
  }

  protected override createStore(client: Client): CursorStore {
    const store = new StoreOfReadCursor(client, this.mine.sink.name, this.mine.worker);
    store.reader = this.reader;
    return store;
  }
}

/** Passes the types that its own code does not handle, although a newer worker has registered them. */
export class RelayWithOwnTypes extends SinkRelay {
  constructor(private readonly own: RelayOptions) {
    super(own);
  }

  protected override createReader(client: Client): OutboxReader {
    const { types, name } = this.own.sink;
    return new (class extends OutboxReader {
      protected override toReading(cursor: LogCursor, parts: ReadParts): Reading {
        const pass = (row: OutboxRow): OutboxRow =>
          types?.includes(row.eventType) === false ? { ...row, payload: null, tooLarge: false } : row;
        return super.toReading(cursor, { ...parts, late: parts.late.map(pass), fresh: parts.fresh.map(pass) });
      }
    })(client, name, this.own.limits ?? READ_LIMITS);
  }
}

export const faultyRelays: Readonly<Record<string, new (options: RelayOptions) => SinkRelay>> = {
  list: relayWith(ReaderIgnoringRunning),
  xmax: relayWith(ReaderIgnoringNewer),
  refresh: relayWith(ReaderWithSecondSnapshot),
  slice: relayWith(ReaderSkippingSlices),
  final: relayWith(ReaderWithLastSnapshot),
  ahead: RelayStoringReadCursor,
};
