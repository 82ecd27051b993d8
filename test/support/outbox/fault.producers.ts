import { setTimeout as pause } from 'node:timers/promises';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { insertEvent } from './events.js';
import type { ProducedEvent } from './relay.history.js';

/** The table of the keys that the events belong to. The owner creates it once. */
export const KEYS_TABLE = `
create table fault_key (id int primary key, version int not null);
insert into fault_key select g, 0 from generate_series(0, 19) g;
grant select, update on fault_key to pikaia_api`;
const KEYS = 20;
const SLOWED_PAUSE_MS = 200;
/** The types of the events. Workers of an older version handle only the first one. */
export const TYPES = ['thing.changed', 'thing.painted'] as const;

/** Writers of events whose connections can break at any moment. They record the outcome of each event. */
export class FaultProducers {
  readonly committed = new Map<string, ProducedEvent>();
  readonly rolledBack = new Set<string>();
  /** Events whose COMMIT got no response. */
  private readonly unconfirmed = new Map<string, ProducedEvent>();
  /** While true, each writer waits between its transactions. It never stops, because some faults strike only when events arrive. */
  slowed = false;
  private writing = true;
  private readonly loops: Promise<void>[];

  constructor(
    private readonly url: string,
    writers: number,
    private readonly random: () => number,
  ) {
    this.loops = Array.from({ length: writers }, () => this.write());
  }

  /** Stops the writers, and reads from the log whether the unconfirmed events were committed. */
  async finish(owner: pg.Client): Promise<void> {
    this.writing = false;
    await Promise.all(this.loops);
    const ids = [...this.unconfirmed.keys()];
    const { rows } = await owner.query<{ id: string }>(
      'select event_id as id from outbox.outbox_log where event_id = any ($1::uuid[])',
      [ids],
    );
    const there = new Set(rows.map(({ id }) => id));
    for (const [id, produced] of this.unconfirmed) {
      if (there.has(id)) this.committed.set(id, produced);
      else this.rolledBack.add(id);
    }
  }

  private async write(): Promise<void> {
    while (this.writing) {
      const client = new pg.Client({ connectionString: this.url, connectionTimeoutMillis: 5000, query_timeout: 10_000 });
      client.on('error', () => undefined); // the running statement is rejected as well
      try {
        await client.connect();
        while (this.writing) {
          await this.transact(client);
          if (this.slowed) await pause(SLOWED_PAUSE_MS);
        }
      } catch {
        await pause(50); // the database restarts
      } finally {
        await client.end().catch(() => undefined);
      }
    }
  }

  /** Writes events of one to three keys. The keys are sorted, which prevents deadlocks. Each row is updated before its event. */
  private async transact(client: pg.Client): Promise<void> {
    const pending = new Map<string, ProducedEvent>();
    let commitSent = false;
    try {
      await client.query('begin');
      const keys = new Set(Array.from({ length: 1 + this.randomBelow(3) }, () => this.randomBelow(KEYS)));
      for (const key of [...keys].sort((a, b) => a - b)) {
        const changed = 'update fault_key set version = version + 1 where id = $1 returning version';
        const { rows } = await client.query<{ version: number }>(changed, [key]);
        const produced = { key: `key-${key}`, number: rows[0]!.version };
        const id = randomUUID();
        pending.set(id, produced);
        const type = TYPES[this.randomBelow(TYPES.length)]!;
        await insertEvent(client, { id, type, aggregate: produced.key, data: { version: produced.number } });
        if (this.random() < 0.1) await pause(this.random() * 100);
      }
      if (this.random() < 0.1) {
        await client.query('rollback');
        for (const id of pending.keys()) this.rolledBack.add(id);
        return;
      }
      commitSent = true;
      await client.query('commit');
      for (const [id, produced] of pending) this.committed.set(id, produced);
      await pause(this.random() * 20);
    } catch (error) {
      for (const [id, produced] of pending) {
        if (commitSent) this.unconfirmed.set(id, produced);
        else this.rolledBack.add(id);
      }
      throw error;
    }
  }

  private randomBelow(n: number): number {
    return Math.floor(this.random() * n);
  }
}
