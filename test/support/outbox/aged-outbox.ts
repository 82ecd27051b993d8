import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { HousekeepingResult, Retention } from '../../../libs/events/src/housekeeping/housekeeping.task.js';
import { Housekeeping } from '../../../libs/events/src/housekeeping/housekeeping.js';
import { SinkRelay, type RelayOptions } from '../../../libs/events/src/leader/sink.relay.js';
import { registerSinks } from '../../../libs/events/src/log/register-sinks.js';
import { connect, createDatabase, type TestDatabase } from '../database/database.js';
import { insertEvent } from './events.js';
import { ScriptedSink } from './scripted-sink.js';

const DAY_MS = 86_400_000;
const SLOT_COUNT = 12;
export const RETENTION: Retention = { logMs: 7 * DAY_MS, failedMs: 30 * DAY_MS, receiptMs: 90 * DAY_MS };

const TABLES = ['log', 'sink', 'progress', 'delivery', 'attempt', 'command', 'replay'].map((table) => `outbox.outbox_${table}`);

/** An outbox with a scripted sink and events that are backdated by days. */
export class AgedOutbox {
  sink!: ScriptedSink;
  housekeeping!: Housekeeping;

  private constructor(
    readonly database: TestDatabase,
    readonly owner: pg.Client,
    readonly api: pg.Client,
    private readonly today: number,
  ) {}

  static async open(): Promise<AgedOutbox> {
    const database = await createDatabase();
    const [owner, api] = [await connect(database.ownerUrl), await connect(database.apiUrl)];
    const { rows } = await owner.query<{ slot: number }>(
      `select (floor(extract(epoch from clock_timestamp()) / 86400)::bigint % ${SLOT_COUNT})::int as slot`,
    );
    return new AgedOutbox(database, owner, api, rows[0]!.slot);
  }

  /** The slot into which events are written `days` after today. Offset 0 is the slot that receives new events. */
  slot(days: number): number {
    return (this.today + days) % SLOT_COUNT;
  }

  /** The table of `slot(days)`, without its schema. */
  table(days: number): string {
    return `outbox_log_${this.slot(days)}`;
  }

  /** Empties the outbox and registers a new sink. Call it before each test. */
  async reset(): Promise<void> {
    await this.owner.query(`truncate ${TABLES.join()}, outbox.consumer_receipt`);
    this.sink = new ScriptedSink('scripted');
    await registerSinks(this.database.workerUrl, [this.sink], 'spec');
    this.housekeeping = new Housekeeping({ url: this.database.workerUrl, retention: RETENTION });
  }

  async close(): Promise<void> {
    await Promise.all([this.owner.end(), this.api.end()]);
    await this.database.drop();
  }

  createRelay(to = this.sink, options: Partial<RelayOptions> = {}): SinkRelay {
    return new SinkRelay({
      url: this.database.workerUrl,
      sink: to,
      worker: 'spec',
      random: () => 0,
      pollIntervalMs: 20,
      storeIntervalMs: 0,
      leaderTimeoutMs: 5000,
      ...options,
    });
  }

  async deliverAll(to = this.sink): Promise<void> {
    await this.createRelay(to).runOnce();
  }

  /** Inserts an event that is `ageDays` old into `slot(offset)`. Any offset from 1 to 11 avoids the slot of new events. */
  async insertOld(offset: number, ageDays = 8, aggregate: string = randomUUID()): Promise<string> {
    const { id } = await insertEvent(this.api, { aggregate });
    await this.owner.query(
      `update outbox.outbox_log set slot = $1, recorded_at = recorded_at - $2 * interval '1 day' where event_id = $3`,
      [this.slot(offset), ageDays, id],
    );
    return id;
  }

  async countsOf(...tables: string[]): Promise<number[]> {
    const counts: number[] = [];
    for (const table of tables) counts.push(await this.countOf(table));
    return counts;
  }

  async countOf(table: string): Promise<number> {
    const { rows } = await this.owner.query<{ count: number }>(`select count(*)::int as count from outbox.${table}`);
    return rows[0]!.count;
  }
}

export const resultFor = (results: readonly HousekeepingResult[] | undefined, what: string) =>
  results!.find((result) => result.what === what);
