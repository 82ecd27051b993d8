import { connectionTo, IsolatedClient, type DatabaseAddress } from '@pikaia/database';
import { getLogger } from '@pikaia/logging';
import type pg from 'pg';
import { connectDirectly } from '../log/direct-connection.js';
import { endClient, endWhenSilent, KEEP_ALIVE } from '../log/end-client.js';
import { outboxRestored } from '../log/restored.error.js';
import { deliveriesTask } from './deliveries.task.js';
import { commandsTask, progressTask, receiptsTask, replaysTask, workersTask } from './expired-rows.tasks.js';
import { RESTORED_SINKS } from '../log/sink-lock.js';
import { STORE_RUN, TRY_LOCK } from './housekeeping.sql.js';
import type { HousekeepingResult, HousekeepingTask, Retention } from './housekeeping.task.js';
import { logSlotsTask } from './log-slots.task.js';

const logger = getLogger('outbox');
const LOCK_KEY = 7_206_817_321_301_505; // arbitrary, but unique in the database
// Emptying a slot is the longest statement. A server that is frozen for a longer time is considered lost; KEEP_ALIVE detects a lost
// machine or network earlier.
const STATEMENT_TIMEOUT_MS = 15 * 60_000;
const CONNECT_TIMEOUT_MS = 15_000;
const SESSION_TIMEOUT_MS = 60_000; // ends the session of a frozen process, and with it the lock

// The log's slots come first: the other tasks depend on which events are left.
const TASKS: readonly HousekeepingTask[] = [
  logSlotsTask,
  progressTask,
  receiptsTask,
  commandsTask,
  replaysTask,
  workersTask,
  deliveriesTask,
];

export interface HousekeepingOptions {
  /** A direct connection as the worker's role. */
  readonly url: DatabaseAddress;
  readonly retention: Retention;
  readonly tasks?: readonly HousekeepingTask[];
  /** Tasks of the application, which run after `tasks`. */
  readonly furtherTasks?: readonly HousekeepingTask[];
}

/**
 * Removes data that the outbox no longer needs. It never removes an event that a sink has not received, and no insert waits for
 * it.
 */
export class Housekeeping {
  private stopping = false;
  private client: pg.Client | undefined;

  constructor(private readonly options: HousekeepingOptions) {}

  /** Starts no further task. */
  stop(): void {
    this.stopping = true;
  }

  /** Cancels the current statement; the next run repeats it. */
  async abort(): Promise<void> {
    this.stop();
    if (this.client) await endClient(this.client);
  }

  /**
   * Runs each task once. A task that fails is logged as `chore_failed`; the other tasks still run.
   *
   * @returns the amounts that were removed, or that a dry run would remove. Undefined if another process runs housekeeping.
   * @throws PikaiaError `PIKAIA_OUTBOX_RESTORED` if the cursors come from another cluster and cannot say what to remove;
   * `PIKAIA_OUTBOX_POOLED` behind a pooler.
   */
  async runOnce({ dryRun = false } = {}): Promise<HousekeepingResult[] | undefined> {
    const client = new IsolatedClient({
      ...connectionTo(this.options.url),
      application_name: 'pikaia-housekeeping',
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      // client_connection_check_interval ends a statement whose client is gone, so that it holds no lock.
      options: `-c idle_session_timeout=${SESSION_TIMEOUT_MS} -c client_connection_check_interval=1000 -c jit=off`,
      ...KEEP_ALIVE,
    });
    this.client = client;
    let lost: unknown;
    client.on('error', (error) => (lost = error)); // the current statement is rejected with it
    try {
      await connectDirectly(client);
      endWhenSilent(client, STATEMENT_TIMEOUT_MS);
      await refuseRestored(client);
      if (!dryRun && !(await tryLock(client))) return undefined;
      const results: HousekeepingResult[] = [];
      const { tasks = TASKS, furtherTasks = [] } = this.options;
      for (const task of [...tasks, ...furtherTasks]) {
        if (lost || this.stopping) break;
        results.push(...(await this.runTask(task, client, dryRun)));
      }
      if (!dryRun && !lost) await client.query(STORE_RUN, [JSON.stringify(this.storedRetention), JSON.stringify(results)]);
      const removed = removedAmounts(results);
      if (!dryRun && Object.keys(removed).length) logger.info('housekeeping_done', { removed });
      return results;
    } finally {
      await endClient(client);
    }
  }

  private get storedRetention(): Retention {
    const { retention, furtherTasks = [] } = this.options;
    const further = furtherTasks.flatMap(({ name, retentionMs }) =>
      retentionMs === undefined ? [] : [[name, retentionMs] as const],
    );
    return { ...retention, further: Object.fromEntries(further) };
  }

  private async runTask(task: HousekeepingTask, client: pg.Client, dryRun: boolean): Promise<HousekeepingResult[]> {
    try {
      return await task.run(client, this.options.retention, dryRun);
    } catch (error) {
      if (dryRun) throw error; // an operator waits for the answer
      if (!this.stopping) logger.exception('chore_failed', error, { chore: task.name });
      return [];
    }
  }
}

async function refuseRestored(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(RESTORED_SINKS);
  if (rows.length) throw outboxRestored(rows.map(({ name }) => name));
}

async function tryLock(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>(TRY_LOCK, [LOCK_KEY]);
  return rows[0]!.locked;
}

const removedAmounts = (results: readonly HousekeepingResult[]): Record<string, string> =>
  Object.fromEntries(
    results
      .filter(({ removed }) => removed > 0)
      .map(({ what, removed, unit }) => [what.replace('outbox.', ''), `${removed} ${unit}`]),
  );
