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
const MAX_RECONNECT_DELAY_MS = 5000; // a database that comes back is found within it

const STALLED_AFTER_MS = 60_000; // longer than any pause between two attempts that are getting on

export interface RelayTiming {
  /** Milliseconds between two reads that nobody asked for, and between two tries to become the leader. */
  readonly pollIntervalMs: number;
  /** Milliseconds between two stored cursors: what a kill may repeat. */
  readonly storeIntervalMs: number;
  /** Milliseconds of silence after which the server takes the lead away. */
  readonly leaderTimeoutMs: number;
  /** Milliseconds without any progress after which a sink that has events counts as stalled. */
  readonly stalledAfterMs?: number;
}

export interface RelayOptions extends RelayTiming {
  /** A direct connection as the worker's role; a pooler would lose the lock. */
  readonly url: string;
  readonly sink: Sink;
  /** Who stores the cursor, for people: host and process. */
  readonly worker: string;
  readonly limits?: ReadLimits;
  readonly clock?: Clock;
  /** Between 0 and 1: jitter. */
  readonly random?: () => number;
  /** Milliseconds that a failed delivery is kept after its log row is gone; default 30 days. */
  readonly failedRetentionMs?: number;
  /** Milliseconds between two looks for deliveries to remove; default an hour. */
  readonly expiryIntervalMs?: number;
  /** How many sinks this process leads: the more, the longer it leaves the next one to others. */
  readonly ledSinkCount?: () => number;
  /** The relay cannot go on, and another worker could not either. */
  readonly onFatal?: (error: PikaiaError) => void;
}

export interface RelayHealth {
  readonly sink: string;
  readonly state: 'stopped' | 'connecting' | 'standby' | 'leading' | 'retired' | 'broken';
  /** Null unless this process leads. */
  readonly term: TermStatus | null;
  /**
   * What became of the events lately; null unless this process leads. `failing`: the sink is not reached, or terms of this process
   * end by an error soon after they begin, also between two of them.
   */
  readonly progress: 'advancing' | 'paused' | 'failing' | 'stalled' | null;
  readonly error: string | null;
  /** Null unless this process starts to lead and fails again and again. */
  readonly leaderFailure: LeaderFailure | null;
}

/**
 * Delivers the log to one sink: each event at least once, those of one aggregate in order, whatever breaks. Of any
 * number of relays of one sink one leads and the others stand by.
 */
export class SinkRelay {
  private readonly wakeSignal = new WakeSignal();
  /** Wakes for a stop alone: the end of a connection, and each event that is published, wake the other one. */
  private readonly backoffSignal = new WakeSignal();
  private readonly commandFailures = new CommandFailures();
  private readonly clock: Clock;
  private readonly history: TermHistory;
  private readonly random: () => number;
  private loop: Promise<void> | undefined;
  private stopping = false;
  private retired = false;
  private stopWithinMs = 0;
  private term: Term | undefined;
  private state: RelayHealth['state'] = 'stopped';
  private error: string | null = null;
  private failures = 0;

  constructor(private readonly options: RelayOptions) {
    this.clock = options.clock ?? systemClock;
    this.random = options.random ?? Math.random;
    this.history = new TermHistory(options.sink.name, this.clock);
  }

  /** Starts the loop; it reconnects by itself until `stop`. */
  start(): void {
    this.stopping = false;
    this.loop ??= context.exit(() => this.run());
  }

  /** Finishes what is in hand, for at most so many milliseconds, stores how far it came and gives the lead back. */
  async stop(withinMs = 10_000): Promise<void> {
    this.stopping = true;
    this.stopWithinMs = withinMs;
    this.term?.end();
    this.wakeSignal.wake();
    this.backoffSignal.wake();
    await this.loop;
    this.loop = undefined;
  }

  /** There may be something new in the log. */
  wake(): void {
    this.term?.noteNewEvents();
    this.wakeSignal.wake();
  }

  /** Somebody has asked something of the sink. */
  wakeForCommand(): void {
    this.term?.noteCommand();
    this.wakeSignal.wake();
  }

  /**
   * Delivers what is due now, retries included, and stops.
   *
   * @returns false when another relay leads.
   */
  async runOnce(): Promise<boolean> {
    if (this.loop) throw new Error('runOnce is for a relay that was not started.');
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
        const hasLed = this.state === 'leading'; // then it has said that it lost the lead, and why
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
      readAhead: limits.fresh,
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
      await term.finish(this.stopWithinMs);
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
      // During a failover the old primary gives the lock, and then refuses to write.
      if (causeOf(error) === 'command') this.history.recordFailure(textOf(error));
      throw error;
    }
  }

  private async withLeader<T>(work: (leader: Leader) => Promise<T>): Promise<T> {
    const leader = this.createLeader();
    try {
      await leader.connect();
      return await work(leader);
    } finally {
      await leader.close();
    }
  }

  private giveUp(error: PikaiaError): void {
    this.state = 'broken';
    logger.exception('relay_broken', error, { sink: this.options.sink.name });
    this.options.onFatal?.(error);
  }

  /** The first attempt is immediate: after a term that delivered, events wait. */
  private reconnectDelayMs(): number {
    return this.failures === 1 ? 0 : Math.min(MAX_RECONNECT_DELAY_MS, retryDelay(this.failures - 1, this.random));
  }

  /** Workers spread over the sinks by themselves when those who lead more wait longer before they try the next one. */
  private leadershipStaggerMs(): number {
    return 25 * (this.options.ledSinkCount?.() ?? 0) * this.random();
  }
}

function progressOf({ paused, stalledForMs, failingSince }: TermStatus, stalledAfterMs: number): RelayHealth['progress'] {
  if (paused) return 'paused';
  if (stalledForMs < stalledAfterMs) return 'advancing';
  return failingSince ? 'failing' : 'stalled';
}
