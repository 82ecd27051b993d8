import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { SinkRelay, type RelayOptions } from '../../libs/events/src/leader/sink.relay.js';
import { registerSinks } from '../../libs/events/src/log/register-sinks.js';
import type { Sink } from '../../libs/events/src/delivery/sink.js';
import { createDatabase, type TestDatabase } from './database.js';
import { statusOf, type TestEvent } from './outbox.js';
import { ManualClock, ScriptedSink } from './scripted-sink.js';

export interface Answered {
  readonly done_at: Date | null;
  readonly answer: Readonly<Record<string, unknown>> | null;
}

/** A database, a sink of its own for each test, and what people ask of it: for specs of the operations. */
export class OperatedSink {
  sink!: ScriptedSink;
  clock = new ManualClock();

  private constructor(
    readonly database: TestDatabase,
    /** As the api's role. */
    readonly api: pg.Client,
    /** As the worker's. */
    readonly worker: pg.Client,
  ) {}

  static async create(): Promise<OperatedSink> {
    const database = await createDatabase();
    const [api, worker] = [database.apiUrl, database.workerUrl].map((url) => new pg.Client({ connectionString: url }));
    await Promise.all([api!.connect(), worker!.connect()]);
    return new OperatedSink(database, api!, worker!);
  }

  /** A new sink; those of earlier tests no longer count. */
  async renew(shape: Partial<Sink> = {}): Promise<void> {
    await this.worker.query(`update outbox.outbox_sink set state = 'retired'`);
    this.sink = new ScriptedSink(`scripted-${randomUUID()}`, { from: 'now', ...shape });
    this.clock = new ManualClock();
    await registerSinks(this.database.workerUrl, [this.sink], 'spec');
  }

  async end(): Promise<void> {
    await Promise.all([this.api.end(), this.worker.end()]);
    await this.database.drop();
  }

  /** As the owner. */
  async owner(sql: string): Promise<void> {
    const client = new pg.Client({ connectionString: this.database.ownerUrl });
    await client.connect();
    await client.query(sql);
    await client.end();
  }

  relay(options: Partial<RelayOptions> = {}): SinkRelay {
    return new SinkRelay({
      url: this.database.workerUrl,
      sink: this.sink,
      worker: 'spec',
      clock: this.clock,
      random: () => 1, // the whole delay: 1 s, 2 s, 4 s, …
      pollIntervalMs: 1000,
      storeIntervalMs: 5,
      leaderTimeoutMs: 5000,
      ...options,
    });
  }

  /** A new leader each time, so that nothing but the tables connects two runs. */
  async run(options: Partial<RelayOptions> = {}): Promise<void> {
    expect(await this.relay(options).runOnce()).toBe(true);
  }

  async ask(command: string, values: object = {}, organization: string | null = null): Promise<string> {
    const id = randomUUID();
    await this.api.query(
      `insert into outbox.outbox_command (id, sink, command, arguments, organization_id, asked_by) values ($1, $2, $3, $4, $5, 'olga')`,
      [id, this.sink.name, command, JSON.stringify(values), organization],
    );
    return id;
  }

  replay(filter: object, options: object = {}): Promise<string> {
    return this.ask('replay', { filter, dry_run: false, limit: null, rate: null, ...options });
  }

  async answer(id: string): Promise<Answered> {
    const { rows } = await this.api.query<Answered>('select done_at, answer from outbox.outbox_command where id = $1', [id]);
    return rows[0]!;
  }

  async statuses(events: readonly TestEvent[]): Promise<string[]> {
    const found: string[] = [];
    for (const { id } of events) found.push((await statusOf(this.api, id)).status);
    return found;
  }
}
