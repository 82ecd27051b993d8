import { Dispatcher } from '../delivery/dispatcher.js';
import type { CursorStore } from '../log/cursor.store.js';
import { DeliveryIndex } from '../delivery/delivery.index.js';
import { DeliveryExpiry, type ExpiryOptions } from './delivery.expiry.js';
import { DestinationMonitor } from './destination.monitor.js';
import type { LeaderTask } from '../delivery/leader.task.js';
import { Watermark } from '../delivery/watermark.js';
import { EventFetcher, type EventFetcherOptions } from '../delivery/event.fetcher.js';
import { KeepAlive } from './keep-alive.js';
import { LeaderRecovery } from './leader.recovery.js';
import { Lanes } from '../delivery/lanes.js';
import type { Leader } from './leader.js';
import type { OutboxReader } from '../log/outbox.reader.js';
import { OutcomeHandler } from '../delivery/outcome.handler.js';
import { CursorWriter, type CursorWriterOptions } from '../delivery/cursor.writer.js';
import type { CommandFailures } from '../commands/command.failures.js';
import { CommandExecutor } from './command.executor.js';
import { ReplayReader } from './replay.reader.js';
import { ReplayRunner } from './replay.runner.js';
import { CommandTask } from './command.task.js';
import { CircuitBreaker } from '../delivery/circuit-breaker.js';

export interface TermOptions extends EventFetcherOptions, CursorWriterOptions, ExpiryOptions {
  readonly random: () => number;
  readonly leaderTimeoutMs: number;
  /** Command failures of all terms of this relay. */
  readonly failures: CommandFailures;
  /** Wakes the relay loop so that it takes another step. */
  readonly wake: () => void;
}

export interface TermStatus {
  /** Age of the oldest event that was read and is not settled, in milliseconds. */
  readonly lagMs: number;
  readonly readAgoMs: number;
  readonly failingSince: Date | null;
  readonly paused: boolean;
  /** Milliseconds since the term last advanced or had nothing to do. */
  readonly stalledForMs: number;
}

/**
 * One leadership of one sink, with all its in-memory state. The whole term is discarded when the leadership is lost. The
 * next leader redelivers the events after the stored cursor.
 */
export class Term {
  private ending = false;
  private advancedAt: number;

  private constructor(
    private readonly options: TermOptions,
    private readonly commandTask: CommandTask,
    private readonly cursorWriter: CursorWriter,
    private readonly destination: DestinationMonitor,
    private readonly breaker: CircuitBreaker,
    private readonly watermark: Watermark,
    private readonly fetcher: EventFetcher,
    private readonly dispatcher: Dispatcher,
    /** The tasks of the leader, in the order in which a step runs them. */
    private readonly tasks: readonly LeaderTask[],
  ) {
    this.advancedAt = this.monotonic();
  }

  static async begin(options: TermOptions, leader: Leader, reader: OutboxReader, cursors: CursorStore): Promise<Term> {
    const { sink } = options;
    const { client } = leader;
    const { cursor, failingSince, leaderFailingSince, state } = await cursors.load();
    await cursors.markLeading();
    const deliveryIndex = new DeliveryIndex(client, sink.name, sink.ordering === 'aggregate');
    await deliveryIndex.load();
    const breaker = new CircuitBreaker(client, options, failingSince);
    const destination = await DestinationMonitor.begin(client, options, cursors, breaker);
    const lanes = new Lanes();
    const watermark = new Watermark(cursor);
    const outcomeHandler = new OutcomeHandler(options, watermark, lanes, deliveryIndex, breaker);
    const cursorWriter = new CursorWriter(options, leader, cursors, watermark, deliveryIndex, outcomeHandler);
    const store = cursorWriter.store.bind(cursorWriter);
    const executor = new CommandExecutor(
      { client, sink, deliveryIndex, store, failures: options.failures, cursor: () => watermark.cursor },
      state,
    );
    const replayRunner = new ReplayRunner(options, new ReplayReader(client, sink.name, sink.types), lanes, deliveryIndex, store);
    const commandTask = new CommandTask(options, executor, replayRunner);
    const fetcher = new EventFetcher(
      options,
      reader,
      cursor,
      watermark,
      lanes,
      deliveryIndex,
      outcomeHandler,
      () => !commandTask.isPaused,
    );
    const maySend = (): boolean => destination.allowsSending && !commandTask.isPaused;
    const dispatcher = new Dispatcher(options, lanes, breaker, outcomeHandler, maySend);
    const keepAlive = new KeepAlive(options, leader);
    const recovery = new LeaderRecovery(client, options, cursors.worker, leaderFailingSince);
    const expiry = new DeliveryExpiry(client, options, deliveryIndex, store);
    const tasks = [keepAlive, commandTask, cursorWriter, expiry, recovery, destination, breaker, fetcher, dispatcher];
    return new Term(options, commandTask, cursorWriter, destination, breaker, watermark, fetcher, dispatcher, tasks);
  }

  /** Records that the log may contain new events. */
  noteNewEvents(): void {
    this.fetcher.noteNewEvents();
  }

  /** Records that a new command, such as pause, skip or replay, may be waiting. */
  noteCommand(): void {
    this.commandTask.noteCommand();
  }

  /** Runs the tasks that are due. Never waits for the sink. @returns milliseconds until the next task is due. */
  async step(): Promise<number> {
    if (!this.watermark.unsettledRows || this.cursorWriter.hasUnsavedChanges) this.advancedAt = this.monotonic();
    for (const task of this.tasks) {
      const work = this.ending ? undefined : task.step();
      if (work) await work;
    }
    return Math.max(0, Math.min(...this.tasks.map(({ dueInMs }) => dueInMs)));
  }

  /** True if nothing is in flight, unsettled, unsaved or due. */
  get isIdle(): boolean {
    return (
      this.fetcher.isIdle &&
      !this.dispatcher.inFlightCount &&
      !this.watermark.unsettledRows &&
      !this.cursorWriter.hasUnsavedChanges &&
      this.commandTask.isIdle
    );
  }

  /** True once this term stored a cursor that passed at least one event. */
  get hasAdvanced(): boolean {
    return this.cursorWriter.hasAdvanced;
  }

  /** Stops reading and sending. Calls in flight continue. */
  end(): void {
    this.ending = true;
    this.dispatcher.stopSending();
  }

  /** Stops sending, waits up to `timeoutMs` for the calls in flight and stores the cursor. */
  async finish(timeoutMs: number): Promise<void> {
    this.end();
    await this.dispatcher.drain(timeoutMs);
    if (this.cursorWriter.hasUnsavedChanges) await this.cursorWriter.store();
    await this.breaker.step();
  }

  /** Discards the results of calls that are still in flight. */
  discardResults(): void {
    this.dispatcher.discardResults();
  }

  /** True while nothing can be sent: an operator paused the sink, its destination is missing, or a retry delay runs. */
  get isPaused(): boolean {
    return (
      this.dispatcher.isPaused || ((this.destination.isMissing || this.commandTask.isPaused) && !this.dispatcher.inFlightCount)
    );
  }

  /** True once the sink is retired. */
  get isRetired(): boolean {
    return this.commandTask.isRetired;
  }

  get status(): TermStatus {
    const { oldestUnsettledAt } = this.watermark;
    return {
      lagMs: oldestUnsettledAt ? Math.max(0, this.now() - oldestUnsettledAt.getTime()) : 0,
      readAgoMs: this.monotonic() - this.fetcher.lastReadAt,
      failingSince: this.breaker.failingSince,
      paused: this.commandTask.isPaused,
      stalledForMs: this.monotonic() - this.advancedAt,
    };
  }

  private now(): number {
    return this.options.clock.now().getTime();
  }

  private monotonic(): number {
    return this.options.clock.monotonic();
  }
}
