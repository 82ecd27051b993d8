import { IsolatedClient } from '@pikaia/database';
import { getLogger } from '@pikaia/logging';
import type pg from 'pg';
import { endClient, endWhenSilent } from '../log/end-client.js';
import { outboxRestored } from '../log/restored.error.js';
import type { Chore, Finding, Retention } from './chore.js';
import { commandsChore } from './commands.chore.js';
import { deliveriesChore } from './deliveries.chore.js';
import { RESTORED_SINKS } from '../log/sink-lock.js';
import { TRY_LOCK } from './housekeeping.sql.js';
import { progressChore } from './progress.chore.js';
import { receiptsChore } from './receipts.chore.js';
import { replaysChore } from './replays.chore.js';
import { slotsChore } from './slots.chore.js';

const logger = getLogger('outbox');
const LOCK = 7_206_817_321_301_505; // any number that is nobody else's
const STATEMENT_LIMIT_MS = 15 * 60_000; // the longest statement empties a slot; beyond it the server is gone without a word
const SILENCE_MS = 60_000; // a process that is frozen meanwhile loses its session, and with it the lock

// Slots first: what they no longer hold is what the others go by.
const CHORES: readonly Chore[] = [slotsChore, progressChore, receiptsChore, commandsChore, replaysChore, deliveriesChore];

export interface HousekeepingOptions {
  /** A direct connection as the worker's role. */
  readonly url: string;
  readonly retention: Retention;
  readonly chores?: readonly Chore[];
}

/** Removes what the outbox need not keep. Nothing that a sink has not had goes, and no insert waits. */
export class Housekeeping {
  private stopping = false;
  private client: pg.Client | undefined;

  constructor(private readonly options: HousekeepingOptions) {}

  /** After the chore under way no other begins. */
  stop(): void {
    this.stopping = true;
  }

  /** Ends the statement under way: it is undone, and done the next time. */
  async abort(): Promise<void> {
    this.stop();
    if (this.client) await endClient(this.client);
  }

  /**
   * Does every chore once; one that fails is logged as `chore_failed` and does not keep the others from running.
   *
   * @returns what was removed, or in a dry run would be; undefined when another process is at it.
   * @throws PikaiaError `PIKAIA_OUTBOX_RESTORED`: cursors of another cluster do not say what may go.
   */
  async runOnce({ dryRun = false } = {}): Promise<Finding[] | undefined> {
    const client = new IsolatedClient({
      connectionString: this.options.url,
      application_name: 'pikaia-housekeeping',
      connectionTimeoutMillis: SILENCE_MS,
      // The server looks after us in the middle of a statement too: whoever is gone holds no lock.
      options: `-c idle_session_timeout=${SILENCE_MS} -c client_connection_check_interval=1000 -c jit=off`,
      keepAlive: true,
    });
    this.client = client;
    let lost: unknown;
    client.on('error', (error) => (lost = error)); // the statement under way is rejected too
    await client.connect();
    endWhenSilent(client, STATEMENT_LIMIT_MS);
    try {
      await refuseRestored(client);
      if (!dryRun && !(await tryLock(client))) return undefined;
      const findings: Finding[] = [];
      for (const chore of this.options.chores ?? CHORES) {
        if (lost || this.stopping) break;
        findings.push(...(await this.perform(chore, client, dryRun)));
      }
      if (!dryRun) logger.info('housekeeping_done', { removed: amountsOf(findings) });
      return findings;
    } finally {
      await endClient(client);
    }
  }

  private async perform(chore: Chore, client: pg.Client, dryRun: boolean): Promise<Finding[]> {
    try {
      return await chore.run(client, this.options.retention, dryRun);
    } catch (error) {
      if (dryRun) throw error; // a person waits for the answer
      if (!this.stopping) logger.exception('chore_failed', error, { chore: chore.name });
      return [];
    }
  }
}

async function refuseRestored(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(RESTORED_SINKS);
  if (rows.length) throw outboxRestored(rows.map(({ name }) => name));
}

async function tryLock(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>(TRY_LOCK, [LOCK]);
  return rows[0]!.locked;
}

const amountsOf = (findings: readonly Finding[]): Record<string, string> =>
  Object.fromEntries(
    findings
      .filter(({ removed }) => removed > 0)
      .map(({ what, removed, unit }) => [what.replace('outbox.', ''), `${removed} ${unit}`]),
  );
