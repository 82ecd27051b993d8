import { Dispatcher } from '../delivery/dispatcher.js';
import type { CursorStore } from '../log/cursor.store.js';
import { DeliveryIndex } from '../delivery/delivery.index.js';
import { DeliveryExpiry } from './delivery.expiry.js';
import { DestinationMonitor } from './destination.monitor.js';
import type { LeaderTask } from '../delivery/leader.task.js';
import { Watermark } from '../delivery/watermark.js';
import { EventFetcher } from '../delivery/event.fetcher.js';
import { LeaderFailureMark } from './leader-failure.mark.js';
import { Lanes } from '../delivery/lanes.js';
import type { Leader } from './leader.js';
import type { RelayContext } from '../delivery/relay.context.js';
import type { OutboxReader } from '../log/outbox.reader.js';
import { OutcomeHandler, type OutcomeCounts } from '../delivery/outcome.handler.js';
import { CursorWriter } from '../delivery/cursor.writer.js';
import type { CommandFailures } from '../commands/command.failures.js';
import { CommandExecutor } from './command.executor.js';
import { ReplayReader } from './replay.reader.js';
import { ReplayRunner } from './replay.runner.js';
import { CommandTask } from './command.task.js';
import { RETRY_ALL, RETRY_WAITING_FOR_WORKER, SKIP_DROPPED } from '../log/sink-types.sql.js';
import { CircuitBreaker } from '../delivery/circuit-breaker.js';

export interface TermStatus {
  /** Age of the oldest event that was read and is not settled, in milliseconds. */
  readonly lagMs: number;
  readonly readAgoMs: number;
  readonly failingSince: Date | null;
  readonly paused: boolean;
  /** Milliseconds since the term last advanced or had nothing to do. */
  readonly stalledForMs: number;
}

export interface TermResult extends OutcomeCounts {
  readonly state: 'reachable' | 'unreachable' | 'paused' | 'retired';
  /** True if nothing was due at the end. */
  readonly isIdle: boolean;
}

/**
 * One leadership of one sink, with all its in-memory state. The whole term is discarded when the leadership is lost. The
 * next leader redelivers the events after the stored cursor.
 */
export class Term {
  private stopped = false;
  private advancedAt: number;

  private constructor(
    private readonly relay: RelayContext,
    private readonly commandTask: CommandTask,
    private readonly cursorWriter: CursorWriter,
    private readonly destination: DestinationMonitor,
    private readonly breaker: CircuitBreaker,
    private readonly watermark: Watermark,
    private readonly fetcher: EventFetcher,
    private readonly dispatcher: Dispatcher,
    private readonly outcomeHandler: OutcomeHandler,
    /** The tasks of the leader, in the order in which a step runs them. */
    private readonly tasks: readonly LeaderTask[],
  ) {
    this.advancedAt = this.monotonic();
  }

  /** @param failures command failures of all terms of this relay. */
  static async begin(
    relay: RelayContext,
    failures: CommandFailures,
    leader: Leader,
    reader: OutboxReader,
    cursors: CursorStore,
  ): Promise<Term> {
    const { cursor, failingSince, leaderFailingSince, state } = await cursors.load();
    await cursors.markLeading();
    await relay.client.query(SKIP_DROPPED, [relay.sink.name]);
    const retried = relay.passLimits?.retryNow ? RETRY_ALL : RETRY_WAITING_FOR_WORKER;
    await relay.client.query(retried, [relay.sink.name, relay.clock.now()]);
    const deliveryIndex = new DeliveryIndex(relay);
    await deliveryIndex.load();
    const breaker = new CircuitBreaker(relay, failingSince);
    const destination = await DestinationMonitor.begin(relay, cursors, breaker);
    const lanes = new Lanes();
    const watermark = new Watermark(cursor);
    const outcomeHandler = new OutcomeHandler(relay, watermark, lanes, deliveryIndex, breaker);
    const cursorWriter = new CursorWriter(relay, leader, cursors, watermark, deliveryIndex, outcomeHandler);
    const store = cursorWriter.store.bind(cursorWriter);
    const executor = new CommandExecutor(relay, deliveryIndex, failures, store, () => watermark.cursor, state);
    const replayRunner = new ReplayRunner(relay, failures, new ReplayReader(relay), lanes, deliveryIndex, store);
    const commands = new CommandTask(relay, executor, replayRunner);
    const mayFetch = (): boolean => !commands.isHalted;
    const fetcher = new EventFetcher(relay, reader, cursor, watermark, lanes, deliveryIndex, outcomeHandler, mayFetch);
    const maySend = (): boolean => destination.allowsSending && !commands.isHalted;
    const dispatcher = new Dispatcher(relay, lanes, breaker, outcomeHandler, maySend);
    const failureMark = new LeaderFailureMark(relay, leaderFailingSince);
    const expiry = new DeliveryExpiry(relay, deliveryIndex, store);
    // The order matters. A lost lock ends the term before anything is written. A command takes effect before the next read or
    // call. A store releases deliveries, which the fetcher then loads. The dispatcher comes last: it sends what the fetcher has
    // read, after the result of the destination's check.
    const tasks = [leader, commands, cursorWriter, expiry, failureMark, destination, breaker, fetcher, dispatcher];
    return new Term(relay, commands, cursorWriter, destination, breaker, watermark, fetcher, dispatcher, outcomeHandler, tasks);
  }

  /** Records that the log may contain new events. */
  onNewEvents(): void {
    this.fetcher.onNewEvents();
  }

  /** Records that a new command, such as pause, skip or replay, may be waiting. */
  onCommand(): void {
    this.commandTask.onCommand();
  }

  /** Runs the tasks that are due. Never waits for the sink. @returns milliseconds until the next task is due. */
  async step(): Promise<number> {
    if (!this.watermark.unsettledRows || this.cursorWriter.hasUnsavedChanges) this.advancedAt = this.monotonic();
    for (const task of this.tasks) {
      const work = this.stopped ? undefined : task.step();
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
  stopSending(): void {
    this.stopped = true;
    this.dispatcher.stopSending();
  }

  /** Stops sending, waits up to `timeoutMs` for the calls in flight and stores the cursor. */
  async finish(timeoutMs: number): Promise<void> {
    this.stopSending();
    await this.dispatcher.drain(timeoutMs);
    if (this.cursorWriter.hasUnsavedChanges) await this.cursorWriter.store();
    await this.breaker.step();
  }

  /** Discards the results of calls that are still in flight. */
  discardResults(): void {
    this.dispatcher.discardResults();
  }

  /** True while nothing can be sent: an operator paused the sink, its destination is missing, or a retry delay runs. */
  get cannotSend(): boolean {
    return (
      this.dispatcher.isBackingOff ||
      ((this.destination.isMissing || this.commandTask.isHalted) && !this.dispatcher.inFlightCount)
    );
  }

  /** True once the term has to end: the sink is retired, or an event type was dropped, so that the events in memory are obsolete. */
  get isOver(): boolean {
    return this.commandTask.isRetired || this.commandTask.hasDroppedType;
  }

  /** True once the sink is retired. */
  get isRetired(): boolean {
    return this.commandTask.isRetired;
  }

  /** What a term did that has finished. */
  get result(): TermResult {
    const isReachable = !this.breaker.needsProbe && !this.destination.isMissing && !this.dispatcher.isBackingOff;
    const state = this.isRetired ? 'retired' : this.commandTask.isHalted ? 'paused' : isReachable ? 'reachable' : 'unreachable';
    return { ...this.outcomeHandler.counts, state, isIdle: this.isIdle };
  }

  get status(): TermStatus {
    const { oldestUnsettledMs } = this.watermark;
    return {
      lagMs: oldestUnsettledMs ? Math.max(0, this.now() - oldestUnsettledMs) : 0,
      readAgoMs: this.monotonic() - this.fetcher.lastReadAt,
      failingSince: this.breaker.failingSince,
      paused: this.commandTask.isHalted,
      stalledForMs: this.monotonic() - this.advancedAt,
    };
  }

  private now(): number {
    return this.relay.clock.now().getTime();
  }

  private monotonic(): number {
    return this.relay.clock.monotonic();
  }
}
