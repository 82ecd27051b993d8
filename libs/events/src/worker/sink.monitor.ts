import { context, newId, type Clock } from '@pikaia/core';
import { connectionTo, IsolatedClient, type DatabaseAddress } from '@pikaia/database';
import { getLogger, metric } from '@pikaia/logging';
import type pg from 'pg';
import { endClient } from '../log/end-client.js';
import { textOf } from '../delivery/error-fingerprint.js';
import { LOCK_CLASS, LOCK_SINK } from '../log/sink-lock.js';
import { BackgroundLoop } from '../loop/background.loop.js';
import { done, failedBecause } from '../commands/command.js';
import { causeOf } from '../commands/command.failures.js';
import { ANSWER_COMMAND } from '../commands/command.sql.js';
import { eventMetrics } from '../metrics.js';
import { measureSinks } from './sink.metrics.js';
import { markRetired } from '../commands/sink-state.js';
import { OPEN_RETIREMENTS, SINKS_LED } from './sink.monitor.sql.js';
import type { WorkerReport } from './worker.report.js';

const logger = getLogger('outbox');
const MAX_INTERVAL_MS = 10_000;
const QUERY_TIMEOUT_MS = 5_000; // for connecting and for each query; `stop` waits for them
const REMOVE_TIMEOUT_MS = 2_000; // the same for the last query, beside which the relays stop

export interface SinkMonitorOptions {
  readonly url: DatabaseAddress;
  /** Sinks of this process. Their leader executes their commands, or takes over soon. */
  readonly ownSinks: ReadonlySet<string>;
  /** Milliseconds without a leader after which a sink is reported. */
  readonly leaderlessAlarmMs: number;
  readonly clock: Clock;
  /** The report of this process, which each check sends. */
  readonly report?: WorkerReport;
}

export interface LeaderlessSink {
  readonly sink: string;
  /** Milliseconds without a leader, as this process observed it. */
  readonly forMs: number;
}

interface SinkRow {
  readonly name: string;
  readonly observer: boolean;
  readonly led: boolean;
  readonly abandoned: boolean;
  readonly last_stored_at: Date | null;
}

interface Retirement {
  readonly id: string;
  readonly sink: string;
  readonly asked_by: string;
  readonly correlation_id: string | null;
}

/**
 * Monitors all sinks in the database, in every worker, and reports the worker itself. Reports sinks without a leader and retires them
 * on command, under the sink's lock. Records the metrics of every sink. Observers are not reported or measured, except as abandoned.
 */
export class SinkMonitor {
  private readonly loop: BackgroundLoop;
  private readonly leaderlessSince = new Map<string, number>();
  private readonly reported = new Set<string>();
  private readonly reportedAbandoned = new Set<string>();

  constructor(private readonly options: SinkMonitorOptions) {
    const intervalMs = Math.min(MAX_INTERVAL_MS, options.leaderlessAlarmMs / 4);
    this.loop = new BackgroundLoop({
      run: async () => {
        await this.runOnce();
        if (this.loop.hasFailed) logger.info('sink_watch_restored');
        return intervalMs;
      },
      onError: (error, failures) => {
        if (failures === 1) logger.warning('sink_watch_failed', { reason: textOf(error) });
        return intervalMs;
      },
    });
  }

  start(): void {
    this.loop.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.loop.stop(), this.removeReport()]);
  }

  /** Runs the next check now, because a command may be waiting. */
  wake(): void {
    this.loop.wake();
  }

  /** Sinks without a leader for at least `leaderlessAlarmMs`. */
  get leaderless(): LeaderlessSink[] {
    const now = this.options.clock.monotonic();
    return [...this.reported].map((sink) => ({ sink, forMs: Math.round(now - this.leaderlessSince.get(sink)!) }));
  }

  /** Runs one check. */
  async runOnce(): Promise<void> {
    await this.withClient(QUERY_TIMEOUT_MS, async (client) => {
      if (!this.loop.isStopping) await this.options.report?.send(client);
      await this.retireAbandoned(client);
      await this.checkLeaders(client);
      await measureSinks(client);
    });
  }

  private async removeReport(): Promise<void> {
    const { report } = this.options;
    if (!report?.isSent) return;
    try {
      await this.withClient(REMOVE_TIMEOUT_MS, (client) => report.remove(client));
    } catch (error) {
      logger.warning('worker_report_not_removed', { reason: textOf(error) });
    }
  }

  private async withClient(timeoutMs: number, work: (client: pg.Client) => Promise<void>): Promise<void> {
    const client = new IsolatedClient({
      ...connectionTo(this.options.url),
      application_name: 'pikaia-sink-watch',
      connectionTimeoutMillis: timeoutMs,
      query_timeout: timeoutMs,
    });
    client.on('error', () => undefined); // the query in flight is rejected with it
    try {
      await client.connect();
      await work(client);
    } finally {
      await endClient(client);
    }
  }

  private async retireAbandoned(client: pg.Client): Promise<void> {
    const { rows } = await client.query<Retirement>(OPEN_RETIREMENTS);
    for (const retirement of rows) {
      if (this.options.ownSinks.has(retirement.sink)) continue;
      const correlationId = retirement.correlation_id ?? newId();
      await context.run({ correlationId }, async () => {
        try {
          await this.retire(client, retirement);
        } catch (error) {
          await this.failRetirement(client, retirement, error);
        }
      });
    }
  }

  private async retire(client: pg.Client, { id, sink, asked_by }: Retirement): Promise<void> {
    await client.query('begin');
    const { rows } = await client.query<{ locked: boolean }>(LOCK_SINK, [LOCK_CLASS, sink]);
    if (rows[0]!.locked) {
      await markRetired(client, sink);
      await client.query(ANSWER_COMMAND, [id, sink, JSON.stringify(done())]);
    }
    await client.query('commit'); // without the lock, a leader exists and executes the command
    if (rows[0]!.locked) logger.info('outbox_command_carried_out', { sink, command: 'retire', asked_by, outcome: 'done' });
  }

  /** Answers a retirement that cannot be executed. @throws the error if the database may be its cause. */
  private async failRetirement(client: pg.Client, { id, sink, asked_by }: Retirement, error: unknown): Promise<void> {
    if (causeOf(error) !== 'command') throw error;
    const reason = textOf(error);
    await client.query('rollback');
    await client.query(ANSWER_COMMAND, [id, sink, JSON.stringify(failedBecause(reason))]);
    logger.warning('outbox_command_failed', { sink, command: 'retire', asked_by, reason });
  }

  /** Reports sinks without a leader, in the log and as a metric. */
  private async checkLeaders(client: pg.Client): Promise<void> {
    const { rows: all } = await client.query<SinkRow>(SINKS_LED, [LOCK_CLASS]);
    this.reportAbandoned(all);
    const rows = all.filter(({ observer }) => !observer);
    const leaderlessNow = new Set(rows.filter(({ led }) => !led).map(({ name }) => name));
    for (const sink of this.leaderlessSince.keys()) if (!leaderlessNow.has(sink)) this.forget(sink);
    const now = this.options.clock.monotonic();
    for (const sink of leaderlessNow) {
      const since = this.leaderlessSince.get(sink) ?? now;
      this.leaderlessSince.set(sink, since);
      if (this.reported.has(sink) || now - since < this.options.leaderlessAlarmMs) continue;
      this.reported.add(sink);
      logger.warning('sink_without_leader', { sink, for_ms: Math.round(now - since) });
    }
    for (const { name: sink } of rows) metric(eventMetrics.leaderless, this.reported.has(sink) ? 1 : 0, { sink });
  }

  /** Suggests once to retire a sink that no worker has any more. */
  private reportAbandoned(rows: readonly SinkRow[]): void {
    for (const { name: sink, led, abandoned, last_stored_at } of rows) {
      if (led) this.reportedAbandoned.delete(sink);
      if (!abandoned || this.options.ownSinks.has(sink) || this.reportedAbandoned.has(sink)) continue;
      this.reportedAbandoned.add(sink);
      const hint = `No running worker has this sink. If EVENT_SINKS or the consumers no longer name it, retire it: npm run outbox -- retire ${sink} --yes`;
      logger.warning('sink_abandoned', { sink, last_stored_at, hint });
    }
  }

  private forget(sink: string): void {
    this.leaderlessSince.delete(sink);
    if (this.reported.delete(sink)) logger.info('sink_has_leader', { sink });
  }
}
