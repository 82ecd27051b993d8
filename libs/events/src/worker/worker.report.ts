import type pg from 'pg';

/**
 * Stores a report. Index: primary key. Locks: the row of the worker. $1 worker, $2 version, $3 sinks, $4 milliseconds until the next
 * run of housekeeping or null, $5 true for the first report of a process.
 */
const REPORT = `
insert into outbox.outbox_worker as w (worker, version, sinks, next_housekeeping_at)
values ($1, $2, $3::text[], clock_timestamp() + $4::float8 * interval '1 ms')
on conflict (worker) do update set version = excluded.version, sinks = excluded.sinks, reported_at = excluded.reported_at,
  next_housekeeping_at = excluded.next_housekeeping_at, started_at = case when $5 then excluded.started_at else w.started_at end`;

/** Index: primary key. $1 worker. */
const REMOVE = 'delete from outbox.outbox_worker where worker = $1';

/** A worker as the status of the outbox shows it. */
export interface WorkerDescription {
  /** Host and process id. */
  readonly worker: string;
  /** The version of the application. */
  readonly version?: string | undefined;
  readonly sinks: readonly string[];
  /** Returns the milliseconds until the worker runs housekeeping; undefined if that is not known. */
  readonly nextHousekeepingInMs?: () => number | undefined;
}

/** Reports this process in `outbox_worker`, so that an operator sees which workers run. Nothing else depends on the rows. */
export class WorkerReport {
  private sent = false;

  constructor(private readonly described: WorkerDescription) {}

  /** True once the database has a row of this process. */
  get isSent(): boolean {
    return this.sent;
  }

  async send(client: pg.Client): Promise<void> {
    const { worker, version, sinks, nextHousekeepingInMs } = this.described;
    await client.query(REPORT, [worker, version ?? null, sinks, nextHousekeepingInMs?.() ?? null, !this.sent]);
    this.sent = true; // a process id can be used again, so the row may belong to an earlier process
  }

  /** Removes the row, because the worker stops. */
  async remove(client: pg.Client): Promise<void> {
    await client.query(REMOVE, [this.described.worker]);
  }
}
