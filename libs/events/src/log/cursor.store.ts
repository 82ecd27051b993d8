import type { LogCursor } from '@pikaia/database';
import type { ClientBase } from 'pg';
import { toEventRecord } from './event.row.js';
import type { DeliveryChanges, DeliveryRecord } from './delivery.record.js';
import { REWIND } from './destination.sql.js';
import { LOAD_CURSOR, MARK_LEADING, STORE } from './progress.sql.js';
import { outboxRestored } from './restored.error.js';
import type { SinkState } from './sink-state.js';

interface LoadedCursor {
  readonly cursor: LogCursor;
  readonly failingSince: Date | null;
  readonly leaderFailingSince: Date | null;
  readonly state: SinkState;
}

/** Work of the leader that runs in the transaction that stores a cursor. */
export type InSameTransaction = (client: ClientBase) => Promise<unknown>;

/**
 * Another worker has stored this cursor number, so this worker no longer leads. The term ends and its in-memory state is
 * discarded.
 */
export class FencedError extends Error {
  override readonly name = 'FencedError';
}

/**
 * Stores the append-only cursors of one sink. The cursor number is a fencing token: the numbers have no gaps, so two workers that
 * both assume they lead store the same next number, and one of them fails.
 */
export class CursorStore {
  private newest = 0n;

  constructor(
    protected readonly client: ClientBase,
    private readonly sink: string,
    readonly worker: string,
  ) {}

  /**
   * Loads the newest cursor.
   *
   * @throws PikaiaError `PIKAIA_OUTBOX_RESTORED` if the cursor was written in another cluster. The transaction ids of that
   * cluster are invalid here.
   */
  async load(): Promise<LoadedCursor> {
    const { rows } = await this.client.query(LOAD_CURSOR, [this.sink]);
    const row = rows[0] as Record<string, unknown> | undefined;
    if (!row) throw new Error(`Sink ${this.sink} has no cursor because it is not registered.`);
    if (row['written_here'] !== true) throw outboxRestored([this.sink]);
    this.newest = BigInt(row['number'] as string);
    const cursor: LogCursor = {
      position: row['position'] as string,
      snapshot: row['snapshot'] as string,
      latePosition: row['late_position'] as string,
      lateSnapshot: row['late_snapshot'] as string | null,
    };
    return {
      cursor,
      failingSince: row['failing_since'] as Date | null,
      leaderFailingSince: row['leader_failing_since'] as Date | null,
      state: row['state'] as SinkState,
    };
  }

  /** Records the worker that leads, for operators. */
  async markLeading(): Promise<void> {
    await this.client.query(MARK_LEADING, [this.sink, this.worker]);
  }

  /**
   * Stores a cursor and its delivery changes in one statement.
   *
   * @returns the process id of the PostgreSQL backend.
   * @throws FencedError if another worker has stored this number. Nothing is written then.
   */
  async store(cursor: LogCursor, { deliveries, attempts, accepted = 0 }: DeliveryChanges): Promise<number> {
    const added = deliveries
      .filter(({ stored }) => !stored)
      .map((delivery) => ({ ...changeOf(delivery), ...toEventRecord(delivery), payload: delivery.payload }));
    const changed = deliveries.filter(({ stored }) => stored).map(changeOf);
    const failed = attempts.map(({ eventId, at, error, fingerprint }) => ({
      event_id: eventId,
      attempted_at: at,
      error,
      fingerprint,
    }));
    const values = [
      this.sink,
      String(this.newest + 1n),
      cursor.position,
      cursor.snapshot,
      cursor.latePosition,
      cursor.lateSnapshot,
      this.worker,
      ...[added, changed, failed].map((list) => JSON.stringify(list)),
      accepted,
    ];
    const { rows } = await this.storeNext(() =>
      this.client.query<{ backend: number }>({ name: 'outbox-store', text: STORE, values }),
    );
    return rows[0]!.backend;
  }

  /**
   * Like `store`, with other work of the leader in the same transaction. A worker that no longer leads therefore cannot do that
   * work. An error ends the term, so the cursor number is not reset.
   */
  async storeWith(cursor: LogCursor, changes: DeliveryChanges, work: InSameTransaction): Promise<number> {
    await this.client.query('begin');
    try {
      const backend = await this.store(cursor, changes);
      await work(this.client);
      await this.client.query('commit');
      return backend;
    } catch (error) {
      await this.client.query('rollback').catch(() => undefined); // the connection may be broken; the first error is reported
      throw error;
    }
  }

  /** The number of the newest stored cursor. */
  get number(): bigint {
    return this.newest;
  }

  /**
   * Rewinds to an earlier cursor, because the destination has lost the events that were handed over since. Also stores the new
   * identity of the destination.
   *
   * @returns the position of that cursor, and the number of deliveries that are sent again.
   * @throws FencedError if another worker has stored this number.
   */
  async rewind(to: bigint, identity: string): Promise<{ position: string; deliveries: number }> {
    const values = [this.sink, String(to), String(this.newest + 1n), this.worker, identity];
    const { rows } = await this.storeNext(() => this.client.query<{ position: string; deliveries: number }>(REWIND, values));
    return rows[0]!;
  }

  private async storeNext<T>(statement: () => Promise<T>): Promise<T> {
    try {
      const result = await statement();
      this.newest++;
      return result;
    } catch (error) {
      const { code, constraint } = error as { code?: string; constraint?: string };
      if (code !== '23505' || constraint !== 'outbox_progress_pkey') throw error;
      throw new FencedError(`Another worker has stored the progress of ${this.sink}.`, { cause: error });
    }
  }
}

const changeOf = (delivery: DeliveryRecord): object => ({
  event_id: delivery.eventId,
  status: delivery.status,
  attempts: delivery.attempts,
  next_attempt_at: delivery.nextAttemptAt,
  last_error: delivery.lastError,
  fingerprint: delivery.fingerprint,
});
