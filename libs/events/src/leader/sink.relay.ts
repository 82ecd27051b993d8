import { PikaiaError, systemClock, type Clock } from '@pikaia/core';
import type { DatabaseAddress } from '@pikaia/database';
import { getLogger } from '@pikaia/logging';
import type { Client } from 'pg';
import { CommandFailures, causeOf } from '../commands/command.failures.js';
import { retryDelay } from '../loop/backoff.js';
import { CursorStore } from '../log/cursor.store.js';
import { textOf } from '../delivery/error-fingerprint.js';
import { Leader } from './leader.js';
import { OutboxReader, READ_LIMITS } from '../log/outbox.reader.js';
import { BackgroundLoop } from '../loop/background.loop.js';
import type { PassLimits } from '../delivery/pass.limits.js';
import type { RelayContext, RelaySettings } from '../delivery/relay.context.js';
import type { Sink } from '../delivery/sink.js';
import { markLeaderFailing } from './leader-failure.mark.js';
import { TermHistory, type LeaderFailure } from './term.history.js';
import { Term, type TermResult, type TermStatus } from './term.js';

const logger = getLogger('outbox');
const MAX_RECONNECT_DELAY_MS = 5000; // a recovered database is detected within this time
const DEFAULTS = {
  stalledAfterMs: 60_000, // longer than any pause between two attempts of a sink that advances
  failedRetentionMs: 30 * 24 * 3_600_000,
  expiryIntervalMs: 3_600_000,
  limits: READ_LIMITS,
  clock: systemClock,
  random: Math.random,
};

export interface RelayOptions extends RelaySettings {
  /** A direct connection as the worker's role. A pooler would lose the advisory lock. */
  readonly url: DatabaseAddress;
  readonly sink: Sink;
  /** Host and process id that are shown as the leader. */
  readonly worker: string;
  /** The clock of this process. Default: `systemClock`. */
  readonly clock?: Clock;
  /** The clock of the database. Default: measured with each ping of the leader. */
  readonly databaseClock?: Clock;
  /** Source of jitter: returns a number between 0 and 1. Default: `Math.random`. */
  readonly random?: () => number;
  /** Returns how many sinks this process leads. The more it leads, the longer it waits before it tries to lead another. */
  readonly ledSinkCount?: () => number;
  /** Called if the relay cannot continue and no other worker could. */
  readonly onFatal?: (error: PikaiaError) => void;
}

export interface RelayHealth {
  readonly sink: string;
  /** True for an observer, such as the sink `log`. An alarm ignores it. */
  readonly observer: boolean;
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
  private readonly relay: Omit<RelayContext, 'client'>;
  private readonly loop = new BackgroundLoop({
    run: () => this.connectThenLead(),
    onError: (error, failures) => this.handleError(error, failures),
  });
  private readonly commandFailures = new CommandFailures();
  private readonly history: TermHistory;
  private retired = false;
  private stopTimeoutMs = 0;
  private leader: Leader | undefined;
  private term: Term | undefined;
  private state: RelayHealth['state'] = 'stopped';
  private error: string | null = null;

  constructor(private readonly options: RelayOptions) {
    this.relay = { ...DEFAULTS, ...options, wake: () => this.loop.wake() };
    this.history = new TermHistory(options.sink.name, this.relay.clock);
  }

  get sinkName(): string {
    return this.relay.sink.name;
  }

  /** Starts the loop. It reconnects after errors until `stop` is called. */
  start(): void {
    this.loop.start();
  }

  /** Waits up to `timeoutMs` for the calls in flight, stores the cursor and releases the lock. */
  async stop(timeoutMs = 10_000): Promise<void> {
    this.stopTimeoutMs = timeoutMs;
    const stopped = this.loop.stop();
    this.term?.stopSending();
    // A relay without a term holds nothing. Its connection may wait for a silent server.
    if (!this.term) await this.leader?.close();
    await stopped;
    if (this.state !== 'retired' && this.state !== 'broken') this.state = 'stopped';
  }

  /** Reads the log soon, because it may contain new events. */
  wake(): void {
    this.term?.onNewEvents();
    this.loop.wake();
  }

  /** Polls for commands soon, because one may have been recorded for the sink. */
  wakeForCommand(): void {
    this.term?.onCommand();
    this.loop.wake();
  }

  /**
   * Delivers everything that is due now, including retries, and stops.
   *
   * @returns false if another relay leads.
   */
  async runOnce(): Promise<boolean> {
    return (await this.runPass()) !== undefined;
  }

  /**
   * Leads one term until nothing is due, nothing can be sent or `limits` are reached. Then waits up to `drainTimeoutMs` for the calls
   * in flight.
   *
   * @returns undefined if another relay leads.
   */
  async runPass(limits?: PassLimits, drainTimeoutMs = 0): Promise<TermResult | undefined> {
    if (this.loop.isStarted) throw new Error('A relay that was started does not run single passes.');
    this.stopTimeoutMs = drainTimeoutMs;
    try {
      return await this.withLeader(async (leader) => {
        if (!(await leader.tryLock())) return undefined;
        const isDone = (term: Term): boolean => term.isIdle || term.cannotSend || term.isOver || !!limits?.isReached;
        return (await this.lead(leader, isDone, limits)).result;
      });
    } finally {
      this.state = 'stopped';
    }
  }

  health(): RelayHealth {
    const term = this.term?.status ?? null;
    const { sink, stalledAfterMs } = this.relay;
    const leaderFailure = this.history.failure;
    const progress = leaderFailure ? 'failing' : term && progressOf(term, stalledAfterMs);
    return {
      sink: sink.name,
      observer: sink.observer ?? false,
      state: this.state,
      term,
      progress,
      error: this.error,
      leaderFailure,
    };
  }

  protected createLeader(): Leader {
    return new Leader(this.options.url, this.relay, () => this.loop.wake());
  }

  protected createReader(client: Client): OutboxReader {
    return new OutboxReader(client, this.relay.sink.name, this.relay.limits);
  }

  protected createStore(client: Client): CursorStore {
    return new CursorStore(client, this.relay.sink.name, this.relay.worker);
  }

  /** @returns the milliseconds until the next attempt; null if the sink is retired. */
  private async connectThenLead(): Promise<number | null> {
    await this.withLeader((leader) => this.standByThenLead(leader));
    if (!this.retired) return 0;
    this.state = 'retired';
    logger.warning('sink_retired', { sink: this.relay.sink.name });
    return null;
  }

  private async standByThenLead(leader: Leader): Promise<void> {
    this.state = 'standby';
    await this.loop.wait(this.leadershipStaggerMs());
    for (let tries = 1; !this.loop.isStopping && !(await leader.tryLock()); tries++) {
      this.noteReconnection();
      if (tries > 1) this.loop.resetFailures(); // the session outlasted a wait, so the next error is a new one
      await this.loop.wait(Math.min(this.relay.pollIntervalMs, this.maxSilenceMs) + this.leadershipStaggerMs());
    }
    if (!this.loop.isStopping) await this.lead(leader, (term) => term.isOver);
  }

  /** A leader reports its reconnection by `leader_acquired`. */
  private noteReconnection(): void {
    if (this.error === null) return;
    this.error = null;
    logger.info('relay_reconnected', { sink: this.relay.sink.name });
  }

  private async lead(leader: Leader, isDone: (term: Term) => boolean, passLimits?: PassLimits): Promise<Term> {
    const { sink } = this.relay;
    const term = await this.beginTerm(leader, passLimits);
    this.term = term;
    this.state = 'leading';
    this.error = null;
    logger.info('leader_acquired', { sink: sink.name });
    try {
      while (!this.loop.isStopping) {
        const next = await term.step();
        if (isDone(term)) break;
        await this.loop.wait(Math.min(next, passLimits?.remainingMs ?? next));
      }
      // A term that a command ends waits for its calls in flight, because the next term would send their events again.
      await term.finish(term.isOver ? this.maxSilenceMs : this.stopTimeoutMs);
      this.retired = term.isRetired;
      logger.info('leader_lost', { sink: sink.name, reason: 'stopped' });
      return term;
    } catch (error) {
      logger.warning('leader_lost', { sink: sink.name, reason: textOf(error) });
      if (term.hasAdvanced || this.history.isStable) this.loop.resetFailures();
      this.history.recordFailure(textOf(error));
      throw error;
    } finally {
      term.discardResults();
      this.term = undefined;
    }
  }

  private async beginTerm(leader: Leader, passLimits: PassLimits | undefined): Promise<Term> {
    const { client } = leader;
    const clock = this.options.databaseClock ?? leader.databaseClock;
    const relay: RelayContext = { ...this.relay, client, clock, ...(passLimits && { passLimits }) };
    this.history.recordStart();
    const { failure } = this.history;
    try {
      if (failure) await markLeaderFailing(relay, failure);
      return await Term.begin(relay, this.commandFailures, leader, this.createReader(client), this.createStore(client));
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

  /** @returns the milliseconds until the next attempt; null if the relay cannot continue. */
  private handleError(error: unknown, failures: number): number | null {
    this.error = textOf(error);
    if (error instanceof PikaiaError) return this.giveUp(error);
    const hasLed = this.state === 'leading'; // then leader_lost is already logged with the reason
    this.state = 'connecting';
    if (failures === 1 && !hasLed) logger.warning('relay_disconnected', { sink: this.relay.sink.name, reason: this.error });
    // The first reconnect is immediate, because events are waiting after a term that delivered.
    return failures === 1 ? 0 : Math.min(MAX_RECONNECT_DELAY_MS, retryDelay(failures - 1, this.relay.random));
  }

  private giveUp(error: PikaiaError): null {
    this.state = 'broken';
    logger.exception('relay_broken', error, { sink: this.relay.sink.name });
    this.options.onFatal?.(error);
    return null;
  }

  /** A random wait that grows with the number of sinks that this process leads. It spreads the sinks over the workers. */
  private leadershipStaggerMs(): number {
    return Math.min(25 * (this.options.ledSinkCount?.() ?? 0), this.maxSilenceMs) * this.relay.random();
  }

  /** Two such waits end before `idle_session_timeout` would end the session of a standby. */
  private get maxSilenceMs(): number {
    return this.relay.leaderTimeoutMs / 3;
  }
}

function progressOf({ paused, stalledForMs, failingSince }: TermStatus, stalledAfterMs: number): RelayHealth['progress'] {
  if (paused) return 'paused';
  if (stalledForMs < stalledAfterMs) return 'advancing';
  return failingSince ? 'failing' : 'stalled';
}
