import { context, PikaiaError, systemClock, type Clock } from '@pikaia/core';
import { getLogger } from '@pikaia/logging';
import type { Client } from 'pg';
import { CommandFailures, causeOf } from '../commands/command.failures.js';
import { retryDelay } from '../loop/backoff.js';
import { CursorStore } from '../log/cursor.store.js';
import { textOf } from '../delivery/error-fingerprint.js';
import { Leader } from './leader.js';
import { OutboxReader, READ_LIMITS, type ReadLimits } from '../log/outbox.reader.js';
import { WakeSignal } from '../loop/wake-signal.js';
import type { Sink } from '../delivery/sink.js';
import { markLeaderFailing } from './leader.recovery.js';
import { TermHistory, type LeaderFailure } from './term.history.js';
import { Term, type TermOptions, type TermStatus } from './term.js';

const logger = getLogger('outbox');
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MAX_RECONNECT_DELAY_MS = 5000; // a recovered database is detected within this time

const STALLED_AFTER_MS = 60_000; // longer than any pause between two attempts of a sink that advances

export interface RelayTiming {
  /** Milliseconds between two reads without a notification, and between two attempts to become the leader. */
  readonly pollIntervalMs: number;
  /** Milliseconds between two stores of the cursor. A crash can redeliver the events of this time. */
  readonly storeIntervalMs: number;
  /** Milliseconds without a statement after which the server ends the leader's session. */
  readonly leaderTimeoutMs: number;
  /** Milliseconds without progress after which a sink with pending events counts as stalled. Default: 60 s. */
  readonly stalledAfterMs?: number;
}

export interface RelayOptions extends RelayTiming {
  /** Direct connection string of the worker's role. A pooler would lose the advisory lock. */
  readonly url: string;
  readonly sink: Sink;
  /** Host and process id that are shown as the leader. */
  readonly worker: string;
  readonly limits?: ReadLimits;
  readonly clock?: Clock;
  /** Source of jitter: returns a number between 0 and 1. Default: `Math.random`. */
  readonly random?: () => number;
  /** Milliseconds that a failed delivery is kept after its log row is deleted. Default: 30 days. */
  readonly failedRetentionMs?: number;
  /** Milliseconds between two checks for expired deliveries. Default: 1 hour. */
  readonly expiryIntervalMs?: number;
  /** Returns how many sinks this process leads. The more it leads, the longer it waits before it tries to lead another. */
  readonly ledSinkCount?: () => number;
  /** Called if the relay cannot continue and no other worker could. */
  readonly onFatal?: (error: PikaiaError) => void;
}

export interface RelayHealth {
  readonly sink: string;
  readonly state: 'stopped' | 'connecting' | 'standby' | 'leading' | 'retired' | 'broken';
  /** Status of the current term. Null unless this process leads. */
  readonly term: TermStatus | null;
  /**
   * Whether events are delivered. Null unless this process leads. `failing`: the sink is unreachable, or terms of this process
   * keep ending with an error soon after they begin. In the second case it is `failing` between two terms as well.
   */
  readonly progress: 'advancing' | 'paused' | 'failing' | 'stalled' | null;
  readonly error: string | null;
  /** Set while terms of this process repeatedly end soon after they begin; else null. */
  readonly leaderFailure: LeaderFailure | null;
}

/**
 * Delivers the log to one sink. Each event is delivered at least once, and the events of one aggregate in order, across any
 * failure. Any number of relays can run for a sink: one leads and the others stand by.
 */
export class SinkRelay {
  private readonly wakeSignal = new WakeSignal();
  /** Woken only by `stop`. `wakeSignal` is also woken by each published event and by the end of a connection. */
  private readonly backoffSignal = new WakeSignal();
  private readonly commandFailures = new CommandFailures();
  private readonly clock: Clock;
  private readonly history: TermHistory;
  private readonly random: () => number;
  private loop: Promise<void> | undefined;
  private stopping = false;
  private retired = false;
  private stopTimeoutMs = 0;
  private leader: Leader | undefined;
  private term: Term | undefined;
  private state: RelayHealth['state'] = 'stopped';
  private error: string | null = null;
  private failures = 0;

  constructor(private readonly options: RelayOptions) {
    this.clock = options.clock ?? systemClock;
    this.random = options.random ?? Math.random;
    this.history = new TermHistory(options.sink.name, this.clock);
  }

  /** Starts the loop. It reconnects after errors until `stop` is called. */
  start(): void {
    this.stopping = false;
    this.loop ??= context.exit(() => this.run());
  }

  /** Waits up to `timeoutMs` for the calls in flight, stores the cursor and releases the lock. */
  async stop(timeoutMs = 10_000): Promise<void> {
    this.stopping = true;
    this.stopTimeoutMs = timeoutMs;
    this.term?.end();
    this.wakeSignal.wake();
    this.backoffSignal.wake();
    // A relay without a term holds nothing. Its connection may wait for a silent server.
    if (!this.term) await this.leader?.close();
    await this.loop;
    this.loop = undefined;
  }

  /** Reads the log soon, because it may contain new events. */
  wake(): void {
    this.term?.noteNewEvents();
    this.wakeSignal.wake();
  }

  /** Polls for commands soon, because one may have been recorded for the sink. */
  wakeForCommand(): void {
    this.term?.noteCommand();
    this.wakeSignal.wake();
  }

  /**
   * Delivers everything that is due now, including retries, and stops.
   *
   * @returns false if another relay leads.
   */
  async runOnce(): Promise<boolean> {
    if (this.loop) throw new Error('Call runOnce only on a relay that was not started.');
    return this.withLeader(async (leader) => {
      if (!(await leader.tryLock())) return false;
      await this.lead(leader, (term) => term.isIdle || term.isPaused || term.isRetired);
      return true;
    });
  }

  health(): RelayHealth {
    const term = this.term?.status ?? null;
    const { sink, stalledAfterMs = STALLED_AFTER_MS } = this.options;
    const leaderFailure = this.history.failure;
    const progress = leaderFailure ? 'failing' : term && progressOf(term, stalledAfterMs);
    return { sink: sink.name, state: this.state, term, progress, error: this.error, leaderFailure };
  }

  protected createLeader(): Leader {
    const { url, sink, leaderTimeoutMs } = this.options;
    return new Leader({ url, sink: sink.name, leaderTimeoutMs }, () => this.wakeSignal.wake());
  }

  protected createReader(client: Client): OutboxReader {
    const { sink, limits = READ_LIMITS } = this.options;
    return new OutboxReader(client, sink.types, limits);
  }

  protected createStore(client: Client): CursorStore {
    return new CursorStore(client, this.options.sink.name, this.options.worker);
  }

  private async run(): Promise<void> {
    while (!this.stopping && !this.retired) {
      try {
        await this.withLeader((leader) => this.standByThenLead(leader));
      } catch (error) {
        this.error = textOf(error);
        if (error instanceof PikaiaError) return this.giveUp(error);
        if (this.stopping) break;
        const hasLed = this.state === 'leading'; // then leader_lost is already logged with the reason
        this.state = 'connecting';
        if (!this.failures++ && !hasLed)
          logger.warning('relay_disconnected', { sink: this.options.sink.name, reason: this.error });
        await this.backoffSignal.wait(this.reconnectDelayMs());
      }
    }
    this.state = this.retired ? 'retired' : 'stopped';
    if (this.retired) logger.warning('sink_retired', { sink: this.options.sink.name });
  }

  private async standByThenLead(leader: Leader): Promise<void> {
    this.state = 'standby';
    await this.wakeSignal.wait(this.leadershipStaggerMs());
    while (!this.stopping && !(await leader.tryLock()))
      await this.wakeSignal.wait(this.options.pollIntervalMs + this.leadershipStaggerMs());
    if (!this.stopping) await this.lead(leader, (term) => term.isRetired);
  }

  private async lead(leader: Leader, isDone: (term: Term) => boolean): Promise<void> {
    const { sink, leaderTimeoutMs, pollIntervalMs, storeIntervalMs, limits = READ_LIMITS } = this.options;
    const { failedRetentionMs = 30 * DAY_MS, expiryIntervalMs = HOUR_MS } = this.options;
    const { clock, random } = this;
    const options = {
      sink,
      clock,
      random,
      leaderTimeoutMs,
      pollIntervalMs,
      storeIntervalMs,
      readAheadRows: limits.fresh,
      readAheadBytes: limits.bytes,
      failedRetentionMs,
      expiryIntervalMs,
      failures: this.commandFailures,
      wake: () => this.wakeSignal.wake(),
    };
    const term = await this.beginTerm(leader, options);
    this.term = term;
    this.state = 'leading';
    this.error = null;
    logger.info('leader_acquired', { sink: sink.name });
    try {
      while (!this.stopping) {
        const next = await term.step();
        if (isDone(term)) break;
        await this.wakeSignal.wait(next);
      }
      await term.finish(this.stopTimeoutMs);
      this.retired = term.isRetired;
      logger.info('leader_lost', { sink: sink.name, reason: 'stopped' });
    } catch (error) {
      logger.warning('leader_lost', { sink: sink.name, reason: textOf(error) });
      if (term.hasAdvanced || this.history.isStable) this.failures = 0;
      this.history.recordFailure(textOf(error));
      throw error;
    } finally {
      term.discardResults();
      this.term = undefined;
    }
  }

  private async beginTerm(leader: Leader, options: TermOptions): Promise<Term> {
    this.history.recordStart();
    const { failure } = this.history;
    try {
      if (failure) await markLeaderFailing(leader.client, options.sink.name, this.options.worker, failure);
      return await Term.begin(options, leader, this.createReader(leader.client), this.createStore(leader.client));
    } catch (error) {
      // During a failover the old primary grants the lock and then refuses writes. That error does not count.
      if (causeOf(error) === 'command') this.history.recordFailure(textOf(error));
      throw error;
    }
  }

  private async withLeader<T>(work: (leader: Leader) => Promise<T>): Promise<T> {
    const leader = this.createLeader();
    this.leader = leader;
    try {
      await leader.connect();
      return await work(leader);
    } finally {
      this.leader = undefined;
      await leader.close();
    }
  }

  private giveUp(error: PikaiaError): void {
    this.state = 'broken';
    logger.exception('relay_broken', error, { sink: this.options.sink.name });
    this.options.onFatal?.(error);
  }

  /** The first reconnect is immediate, because events are waiting after a term that delivered. */
  private reconnectDelayMs(): number {
    return this.failures === 1 ? 0 : Math.min(MAX_RECONNECT_DELAY_MS, retryDelay(this.failures - 1, this.random));
  }

  /** A random wait that grows with the number of sinks that this process leads. It spreads the sinks over the workers. */
  private leadershipStaggerMs(): number {
    return 25 * (this.options.ledSinkCount?.() ?? 0) * this.random();
  }
}

function progressOf({ paused, stalledForMs, failingSince }: TermStatus, stalledAfterMs: number): RelayHealth['progress'] {
  if (paused) return 'paused';
  if (stalledForMs < stalledAfterMs) return 'advancing';
  return failingSince ? 'failing' : 'stalled';
}
