import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { Leader } from '../../../libs/events/src/leader/leader.js';
import { SinkRelay, type RelayOptions } from '../../../libs/events/src/leader/sink.relay.js';
import { registerSinks } from '../../../libs/events/src/log/register-sinks.js';
import type { Sink } from '../../../libs/events/src/delivery/sink.js';
import { connect, createDatabase, executeSql, type TestDatabase } from '../database/database.js';
import { statusOf, type TestEvent } from './events.js';
import { pollUntil } from '../time/wait-for.js';
import { ManualClock, ScriptedSink } from './scripted-sink.js';

export interface CommandResult {
  readonly done_at: Date | null;
  readonly answer: Readonly<Record<string, unknown>> | null;
}

/** A database, a new sink for each test, and helpers that send operator commands. */
export class OutboxFixture {
  sink!: ScriptedSink;
  clock = new ManualClock();

  database!: TestDatabase;
  /** Connected with the role of the api. */
  api!: pg.Client;
  /** Connected with the role of the worker. */
  worker!: pg.Client;

  async open(): Promise<void> {
    this.database = await createDatabase();
    [this.api, this.worker] = [await connect(this.database.apiUrl), await connect(this.database.workerUrl)];
  }

  /** Registers a new sink and retires the sinks of earlier tests. */
  async reset(shape: Partial<Sink> = {}): Promise<void> {
    await this.worker.query(`update outbox.outbox_sink set state = 'retired'`);
    this.sink = new ScriptedSink(`scripted-${randomUUID()}`, { from: 'now', ...shape });
    this.clock = new ManualClock();
    await registerSinks(this.database.workerUrl, [this.sink], 'spec');
  }

  async close(): Promise<void> {
    await Promise.all([this.api.end(), this.worker.end()]);
    await this.database.drop();
  }

  /** Executes SQL as the owner of the database. */
  queryAsOwner(sql: string): Promise<void> {
    return executeSql(this.database.ownerUrl, sql);
  }

  createRelay(options: Partial<RelayOptions> = {}): SinkRelay {
    return new SinkRelay({
      url: this.database.workerUrl,
      sink: this.sink,
      worker: 'spec',
      clock: this.clock,
      databaseClock: this.clock, // a test advances both
      random: () => 1, // the full backoff: 1 s, 2 s, 4 s, …
      pollIntervalMs: 1000,
      storeIntervalMs: 5,
      leaderTimeoutMs: 5000,
      ...options,
    });
  }

  /** Opens a reading connection of the sink, which can take its lock. */
  async connectLeader(): Promise<Leader> {
    const relay = { sink: this.sink, clock: this.clock, leaderTimeoutMs: 5000 };
    const leader = new Leader(this.database.workerUrl, relay, () => undefined);
    await leader.connect();
    return leader;
  }

  /** Runs a new relay once. Two runs share only the state in the tables. */
  async runRelayOnce(options: Partial<RelayOptions> = {}): Promise<void> {
    expect(await this.createRelay(options).runOnce()).toBe(true);
  }

  async sendCommand(command: string, values: object = {}, organization: string | null = null): Promise<string> {
    const id = randomUUID();
    await this.api.query(
      `insert into outbox.outbox_command (id, sink, command, arguments, organization_id, asked_by) values ($1, $2, $3, $4, $5, 'olga')`,
      [id, this.sink.name, command, JSON.stringify(values), organization],
    );
    return id;
  }

  replay(filter: object, options: object = {}): Promise<string> {
    return this.sendCommand('replay', { filter, dry_run: false, limit: null, rate: null, ...options });
  }

  async answer(id: string): Promise<CommandResult> {
    const { rows } = await this.api.query<CommandResult>('select done_at, answer from outbox.outbox_command where id = $1', [id]);
    return rows[0]!;
  }

  async statuses(events: readonly TestEvent[]): Promise<string[]> {
    const found: string[] = [];
    for (const { id } of events) found.push((await statusOf(this.api, id)).status);
    return found;
  }

  async pollStatus({ id }: TestEvent, status: string): Promise<void> {
    await pollUntil(
      () => statusOf(this.api, id),
      (seen) => seen.status === status,
    );
  }
}
