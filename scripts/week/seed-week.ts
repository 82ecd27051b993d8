import { createHash } from 'node:crypto';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type pg from 'pg';
import { withClient } from '../explain/viewer.ts';
import { varDirectory } from '../start/folders.ts';
import { PlainError, reasonOf } from '../start/plain-error.ts';
import { DatabaseClock, USE_DISK } from './database-clock.ts';
import { BEGINNING, playStory } from './story.ts';
import { readWeek, removeWeek, writeWeek } from './week.file.ts';
import { WebhookReceiver } from './webhook.receiver.ts';
import { timeOf, WeekPlayer } from './week.player.ts';

const NAME = 'pikaia-week';
const PLAY_TIMEOUT_MS = 120_000;
const REMOVE_TIMEOUT_MS = 20_000; // PostgreSQL can be restarting
const REMOVE_INTERVAL_MS = 200;
const PRELOADED = pathToFileURL(join(import.meta.dirname, 'process-clock.ts')).href;

/** A process that has loaded process-clock.ts. */
interface ClockedProcess {
  ask(message: { readonly clockShiftMs: number }): Promise<unknown>;
}

/** Whether a new database gets the week: the variable SEED_WEEK, by default on, except with NODE_ENV=production. */
export function readSeedWeek(environment: NodeJS.ProcessEnv): boolean {
  const choice = environment['SEED_WEEK']?.trim() || 'on';
  if (choice !== 'on' && choice !== 'off') throw new PlainError(`SEED_WEEK is "${choice}": it must be on or off.`);
  return choice === 'on' && environment['NODE_ENV'] !== 'production';
}

/** The story could not be completed. The system can start without it. */
export class WeekFailure extends Error {}

/**
 * Adds a week of life of two organizations to a new database, by real requests to the real api, whose events the real worker delivers.
 * Meanwhile the clocks of the database, the api and the worker show the time of the story, so every row, event, entry, receipt, email
 * and log line has a time of the last seven days and they agree with each other.
 *
 * If a start is stopped before the week is complete, the next start begins again with an empty database. If the story fails, the same
 * start does so, without a week.
 */
export class SeededWeek {
  readonly #ownerUrl: string;
  #shiftMs = timeOf(BEGINNING.daysAgo, BEGINNING.time) - Date.now();

  private constructor(ownerUrl: string) {
    this.#ownerUrl = ownerUrl;
  }

  /**
   * Returns undefined if the database has data, which a week must not change, or if no week is wanted. Removes an incomplete one in any
   * case. Call it before the migration.
   */
  static async begin(ownerUrl: string, isWanted: boolean): Promise<SeededWeek | undefined> {
    if (readWeek()?.state === 'incomplete') await removeIncomplete(ownerUrl);
    if (!isWanted || !(await isEmpty(ownerUrl))) return undefined;
    writeWeek({ state: 'incomplete' });
    return new SeededWeek(ownerUrl);
  }

  /** Moves the clock of the database to the beginning of the story. Call it after the migration. */
  async setDatabaseClock(): Promise<void> {
    await withClient(this.#ownerUrl, NAME, async (client) => {
      const clock = new DatabaseClock(client);
      await clock.install();
      await clock.setShift(this.#shiftMs);
    });
  }

  /** Adds the first people. Their ids contain the time of the story, because lists are in the order of ids. */
  async addPeople(seed: (url: string) => Promise<void>): Promise<void> {
    const { now } = Date;
    Date.now = () => now() + this.#shiftMs;
    try {
      await seed(this.#ownerUrl);
    } finally {
      Date.now = now;
    }
  }

  /** What the environment of the api and the worker needs so that they start with the clock of the story. */
  get environment(): NodeJS.ProcessEnv {
    const options = `${process.env['NODE_OPTIONS'] ?? ''} --import ${PRELOADED}`.trim();
    return { NODE_OPTIONS: options, PIKAIA_CLOCK_SHIFT_MS: String(this.#shiftMs) };
  }

  /**
   * Plays the story and sets all clocks to now.
   *
   * @throws WeekFailure if the story cannot be completed, or not within two minutes, for another reason than `signal`.
   */
  async play(apiPort: number, processes: readonly ClockedProcess[], signal: AbortSignal): Promise<void> {
    const timeout = AbortSignal.timeout(PLAY_TIMEOUT_MS);
    const ended = AbortSignal.any([signal, timeout]);
    const isEnded = new Promise<never>((_, fail) => ended.addEventListener('abort', () => fail(ended.reason as Error)));
    try {
      await Promise.race([this.#play(apiPort, processes, ended), isEnded]);
    } catch (error) {
      signal.throwIfAborted();
      const reason = timeout.aborted ? `It took longer than ${PLAY_TIMEOUT_MS / 1000} s.` : await reasonOf(error);
      throw new WeekFailure(reason, { cause: error });
    }
  }

  async #play(apiPort: number, processes: readonly ClockedProcess[], signal: AbortSignal): Promise<void> {
    const { OutboxStatus } = await import('@pikaia/events');
    await withClient(this.#ownerUrl, NAME, async (client) => {
      const clock = new DatabaseClock(client);
      const setProcesses = (clockShiftMs: number) => Promise.all(processes.map((process) => process.ask({ clockShiftMs })));
      const setShift = async (milliseconds: number): Promise<void> => {
        await clock.setShift(milliseconds); // first: a process compares its clock with that of the database
        await setProcesses(milliseconds);
      };
      await client.query('set plan_cache_mode = force_generic_plan');
      // Named, so that the server plans each statement once: it runs a hundred times, and planning takes longer than running.
      const source = {
        query: async (text: string, values: unknown[]) => (await client.query({ name: nameOf(text), text, values })).rows,
      };
      const status = new OutboxStatus(source as ConstructorParameters<typeof OutboxStatus>[0]);
      const apiUrl = `http://127.0.0.1:${apiPort}`;
      const receiver = await WebhookReceiver.start();
      try {
        const player = new WeekPlayer(
          { apiUrl, ownerUrl: this.#ownerUrl, client, status, receiver, setShift, signal },
          this.#shiftMs,
        );
        const highlights = await playStory(player);
        await clock.remove();
        await setProcesses(0);
        signal.throwIfAborted();
        writeWeek({ state: 'complete', ...highlights });
      } finally {
        receiver.stop();
      }
    });
  }
}

const nameOf = (sql: string): string => createHash('sha256').update(sql).digest('hex').slice(0, 16);

// The first table of the example. Index: none.
const EXISTS = `select to_regclass('organizations_organization') is null as empty`;

const isEmpty = (ownerUrl: string): Promise<boolean> =>
  withClient(ownerUrl, NAME, async (client) => (await client.query<{ empty: boolean }>(EXISTS)).rows[0]!.empty);

/** Removes what a start has left that did not complete the week: nobody has used that system yet. Keeps its log lines. */
async function removeIncomplete(ownerUrl: string): Promise<void> {
  for (const name of ['mail', 'mail.kept', 'log.incomplete']) rmSync(join(varDirectory, name), { recursive: true, force: true });
  const log = join(varDirectory, 'log');
  if (existsSync(log)) renameSync(log, join(varDirectory, 'log.incomplete'));
  for (const deadline = performance.now() + REMOVE_TIMEOUT_MS; ; await sleep(REMOVE_INTERVAL_MS)) {
    try {
      await recreateDatabase(ownerUrl);
      break;
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
  }
  removeWeek();
}

async function recreateDatabase(ownerUrl: string): Promise<void> {
  const url = new URL(ownerUrl);
  const database = url.pathname.slice(1);
  url.pathname = '/template1';
  await withClient(url.href, NAME, async (client: pg.Client) => {
    await client.query(`drop database if exists ${client.escapeIdentifier(database)} with (force)`);
    await client.query(`create database ${client.escapeIdentifier(database)}`);
    for (const statement of USE_DISK) await client.query(statement);
  });
}
