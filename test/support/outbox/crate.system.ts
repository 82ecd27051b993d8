import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { connect } from '../database/database.js';
import { pollUntil } from '../time/wait-for.js';
import type { ConsumerHistory, Effect, PublishedEvent } from './consumer.history.js';
import { insertEvent } from './events.js';
import { OutboxFixture } from './outbox.fixture.js';
import { RelayProcess } from './relay.process.js';
import type { ScriptedSink } from './scripted-sink.js';

export const CONSUMERS = ['ledger', 'courier', 'clerk'] as const;
export const CRASH_POINTS = [
  'now',
  'after a read',
  'after the effect',
  'before the receipt',
  'after the receipt',
  'before the cursor is stored',
  'after the cursor is stored',
] as const;

export type Code = 'old' | 'new';
export type ConsumerName = (typeof CONSUMERS)[number];
export type CrashPoint = (typeof CRASH_POINTS)[number];
export interface Failure {
  readonly consumer: ConsumerName;
  readonly how: 'once' | 'until healed';
}
export interface Publication {
  readonly key: number;
  readonly what: 'moved v1' | 'moved v2' | 'opened';
  readonly fails: Failure | null;
  readonly rollsBack: boolean;
}

const PROGRAM = resolve(__dirname, 'consumers.program.mjs');
const TABLES = `
create table crate (key text primary key, number int not null default 0);
create table crate_healed (event_id uuid primary key);
create table crate_effect (id bigserial, consumer text, event_id uuid, replay uuid, key text, number int, read_version int,
  stored_version int, place text, worker int);
grant select, insert, update on crate to pikaia_api;
grant select on crate_healed to pikaia_worker;
grant insert on crate_effect to pikaia_worker;
grant usage on sequence crate_effect_id_seq to pikaia_worker`;
const DRAIN_TIMEOUT_MS = 90_000;
const REVIVABLE = `select distinct sink from outbox.outbox_delivery d where status = 'failed'
  and not exists (select from outbox.outbox_command c where c.sink = d.sink and c.done_at is null)`;

interface Worker {
  readonly code: Code;
  readonly process: RelayProcess;
}

/**
 * Two workers with three consumers, each with old or new code, as separate processes on one database. It publishes events,
 * deploys, kills and replays, and records what happened.
 */
export class CrateSystem {
  private readonly at = new OutboxFixture();
  private readonly folder = mkdtempSync(join(tmpdir(), 'pikaia-crates-'));
  private readonly file = join(this.folder, 'effects');
  private readonly committed = new Map<string, PublishedEvent>();
  private readonly rolledBack = new Set<string>();
  private readonly oldWorkers = new Set<number>();
  private readonly killed = new Set<number>();
  private readonly replays: string[] = [];
  private workers: Worker[] = [];
  private prefix = '';

  constructor(private readonly planted = '') {}

  /** Registers the types of the new code, as a deployment that was rolled back leaves them. */
  async open(): Promise<void> {
    await this.at.open();
    await this.at.queryAsOwner(TABLES);
    await this.replace(0, 'new');
    await this.deploy(['old', 'old']);
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map(({ process }) => process.stop()));
    await this.at.close();
    rmSync(this.folder, { recursive: true, force: true }); // only the folder from mkdtemp
  }

  /** Begins a new run on new keys. */
  begin(run: number): void {
    this.prefix = `run ${run} `;
  }

  /** Publishes an event as a transaction that changes its aggregate first. */
  async publish({ key: number, what, fails, rollsBack }: Publication): Promise<void> {
    const { api } = this.at;
    const key = `${this.prefix}key ${number}`;
    await api.query('begin');
    const upsert = 'insert into crate values ($1, 1) on conflict (key) do update set number = crate.number + 1 returning number';
    const [row] = (await api.query<{ number: number }>(upsert, [key])).rows;
    const [type, version] =
      what === 'opened' ? (['crate.opened', 1] as const) : (['crate.moved', what === 'moved v1' ? 1 : 2] as const);
    const place = type === 'crate.moved' ? `place ${row!.number}` : null;
    const data = {
      number: row!.number,
      fails: fails ?? {},
      ...(place !== null && { place: version === 2 ? { name: place } : place }),
    };
    const { id } = await insertEvent(api, { type, version, aggregate: key, data });
    await api.query(rollsBack ? 'rollback' : 'commit');
    if (rollsBack) this.rolledBack.add(id);
    else this.committed.set(id, { key, number: row!.number, type, version, place });
  }

  /** Replays to one consumer everything that it has handled, or its dead letters. */
  async replay(consumer: string, status: 'published' | 'failed'): Promise<void> {
    this.at.sink = { name: `local/${consumer}` } as ScriptedSink;
    this.replays.push(await this.at.replay({ status }));
  }

  /** Kills a worker at a point that it reaches soon if it leads a sink. */
  async crash(index: number, point: CrashPoint): Promise<void> {
    const { process } = this.workers[index]!;
    if (point !== 'now') return process.control({ deadly: point });
    process.signal('SIGKILL');
    await process.exited;
  }

  /** Replaces the workers one after another. */
  async deploy(codes: readonly Code[]): Promise<void> {
    for (const [index, code] of codes.entries()) await this.replace(index, code);
  }

  /** Starts the workers that were killed again, as a process supervisor does. */
  async restartDead(): Promise<void> {
    for (const [index, { code, process }] of this.workers.entries()) if (!process.isRunning) await this.replace(index, code);
  }

  /** Lets the events that fail until they are healed succeed, and replays the dead letters. */
  async heal(): Promise<void> {
    await this.at.queryAsOwner('insert into crate_healed select event_id from outbox.outbox_log on conflict do nothing');
    for (const { sink } of (await this.at.api.query<{ sink: string }>(REVIVABLE)).rows)
      await this.replay(sink.replace('local/', ''), 'failed');
  }

  /** Deploys the new code everywhere, heals all failures, and waits until every event is published and every replay is done. */
  async drain(): Promise<void> {
    for (const { process } of this.workers) process.control({ deadly: null });
    await this.deploy(['new', 'new']);
    await pollUntil(
      async () => {
        await this.restartDead(); // one can still have reached its point
        await this.heal();
        return this.unfinished();
      },
      ({ events, commands }) => events === 0 && commands === 0,
      DRAIN_TIMEOUT_MS,
      () => 'every event is published and every replay is done',
    );
  }

  /** Waits until there are this many effects. */
  async waitForEffects(count: number): Promise<void> {
    await pollUntil(async () => (await this.effects()).length >= count);
  }

  async history(): Promise<ConsumerHistory> {
    const { committed, rolledBack, oldWorkers, killed } = this;
    const wanted = { ledger: ['crate.moved'], courier: ['crate.moved'], clerk: ['crate.moved', 'crate.opened'] };
    return {
      committed,
      rolledBack,
      wanted,
      exactlyOnce: new Set(['ledger', 'clerk']),
      effects: await this.effects(),
      oldWorkers,
      killed,
    };
  }

  /** The number of events that the done replays report as sent to a consumer with database effects, and of their effects. */
  async replayCounts(): Promise<{ sent: number; effects: number }> {
    const { rows } = await this.at.worker.query<{ sent: number; effects: number }>(
      `select coalesce(sum((answer->>'sent')::int), 0)::int as sent,
         (select count(*)::int from outbox.consumer_receipt r where r.replay = any ($1::uuid[]) and r.consumer <> 'courier') as effects
       from outbox.outbox_command where id = any ($1::uuid[]) and sink <> 'local/courier'`,
      [this.replays],
    );
    return rows[0]!;
  }

  private async effects(): Promise<Effect[]> {
    const columns = `consumer, event_id as "eventId", replay, key, number, read_version as "readVersion",
      stored_version as "storedVersion", place, worker`;
    const owner = await connect(this.at.database.ownerUrl);
    try {
      const { rows } = await owner.query<Effect>(`select ${columns} from crate_effect order by id`);
      return [...rows, ...this.externalEffects()];
    } finally {
      await owner.end();
    }
  }

  private externalEffects(): Effect[] {
    if (!existsSync(this.file)) return [];
    const lines = readFileSync(this.file, 'utf8').split('\n').slice(0, -1); // the last part is empty or an incomplete line
    return lines.map((line) => {
      const [consumer, eventId, replay, key, number, readVersion, storedVersion, place, worker] = JSON.parse(line) as never[];
      return { consumer, eventId, replay, key, number, readVersion, storedVersion, place, worker } as unknown as Effect;
    });
  }

  private async unfinished(): Promise<{ events: number; commands: number }> {
    const { rows } = await this.at.api.query<{ events: number; commands: number }>(
      `select (select count(*)::int from events_outboxevent where status <> 'published') as events,
         (select count(*)::int from outbox.outbox_command where done_at is null) as commands`,
    );
    return rows[0]!;
  }

  private async replace(index: number, code: Code): Promise<void> {
    const before = this.workers[index];
    if (before?.process.isRunning) await before.process.stop();
    if (before?.process.child.signalCode === 'SIGKILL') this.killed.add(before.process.child.pid!);
    const process = RelayProcess.start(
      { CODE: code, WORKER_URL: this.at.database.workerUrl, EFFECTS_FILE: this.file, PLANTED: this.planted },
      PROGRAM,
    );
    this.workers[index] = { code, process };
    if (code === 'old') this.oldWorkers.add(process.child.pid!);
    await Promise.race([once(process.child, 'message'), process.exited]);
  }
}
