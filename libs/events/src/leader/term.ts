import { Calls } from '../delivery/calls.js';
import type { CursorStore } from '../log/cursor.store.js';
import { Deliveries } from '../delivery/deliveries.js';
import { DeliveryExpiry, type ExpiryOptions } from './delivery.expiry.js';
import { DestinationWatch } from './destination-watch.js';
import type { Duty } from '../delivery/duty.js';
import { HandOver } from '../delivery/hand-over.js';
import { Intake, type IntakeOptions } from '../delivery/intake.js';
import { KeepAlive } from './keep-alive.js';
import { LeaderRecovery } from './leader.recovery.js';
import { Lanes } from '../delivery/lanes.js';
import type { Leader } from './leader.js';
import type { OutboxReader } from '../log/outbox.reader.js';
import { Outcomes } from '../delivery/outcomes.js';
import { Progress, type ProgressOptions } from '../delivery/progress.js';
import type { CommandFailures } from '../commands/command.failures.js';
import { CommandDesk } from './command.desk.js';
import { ReplayReader } from './replay.reader.js';
import { ReplayRun } from './replay.run.js';
import { TermOperations } from './term.operations.js';
import { SinkHealth } from '../delivery/sink-health.js';

export interface TermOptions extends IntakeOptions, ProgressOptions, ExpiryOptions {
  readonly random: () => number;
  readonly leaderTimeoutMs: number;
  /** Of the relay, over all its terms. */
  readonly failures: CommandFailures;
  /** Something has happened: take another step. */
  readonly wake: () => void;
}

export interface TermStatus {
  /** Age of the oldest event that was read and is not handed over. */
  readonly lagMs: number;
  readonly readAgoMs: number;
  readonly failingSince: Date | null;
  readonly paused: boolean;
  /** Since it last came on, or had nothing to do. */
  readonly stalledForMs: number;
}

/**
 * One leadership of one sink: everything that is known only in memory. When the lead is lost the term is dropped whole,
 * so what was not stored is forgotten, and delivered again by whoever leads next.
 */
export class Term {
  private ending = false;
  private advancedAt: number;

  private constructor(
    private readonly options: TermOptions,
    private readonly operations: TermOperations,
    private readonly progress: Progress,
    private readonly destination: DestinationWatch,
    private readonly health: SinkHealth,
    private readonly handOver: HandOver,
    private readonly intake: Intake,
    private readonly calls: Calls,
    /** All that is to be done, in this order. */
    private readonly duties: readonly Duty[],
  ) {
    this.advancedAt = this.monotonic();
  }

  static async begin(options: TermOptions, leader: Leader, reader: OutboxReader, cursors: CursorStore): Promise<Term> {
    const { sink } = options;
    const { client } = leader;
    const { cursor, failingSince, leaderFailingSince, state } = await cursors.load();
    await cursors.markLeading();
    const deliveries = new Deliveries(client, sink.name, sink.ordering === 'aggregate');
    await deliveries.load();
    const health = new SinkHealth(client, options, failingSince);
    const destination = await DestinationWatch.begin(client, options, cursors, health);
    const lanes = new Lanes();
    const handOver = new HandOver(cursor);
    const outcomes = new Outcomes(options, handOver, lanes, deliveries, health);
    const progress = new Progress(options, leader, cursors, handOver, deliveries, outcomes);
    const store = progress.store.bind(progress);
    const desk = new CommandDesk(
      { client, sink, deliveries, store, failures: options.failures, cursor: () => handOver.cursor },
      state,
    );
    const replays = new ReplayRun(options, new ReplayReader(client, sink.name, sink.types), lanes, deliveries, store);
    const operations = new TermOperations(options, desk, replays);
    const intake = new Intake(options, reader, cursor, handOver, lanes, deliveries, outcomes, () => !operations.isPaused);
    const maySend = (): boolean => destination.allowsSending && !operations.isPaused;
    const calls = new Calls(options, lanes, health, outcomes, maySend);
    const keepAlive = new KeepAlive(options, leader);
    const recovery = new LeaderRecovery(client, options, cursors.worker, leaderFailingSince);
    const expiry = new DeliveryExpiry(client, options, deliveries, store);
    const duties = [keepAlive, operations, progress, expiry, recovery, destination, health, intake, calls];
    return new Term(options, operations, progress, destination, health, handOver, intake, calls, duties);
  }

  /** The log may have something new. */
  noteNews(): void {
    this.intake.noteNews();
  }

  /** Somebody has asked for something: pause, skip, replay. */
  noteCommand(): void {
    this.operations.noteCommand();
  }

  /** Does what is due and never waits for the sink. @returns milliseconds until something is due by the clock. */
  async step(): Promise<number> {
    if (!this.handOver.open || this.progress.hasUnsaved) this.advancedAt = this.monotonic();
    for (const duty of this.duties) {
      const work = this.ending ? undefined : duty.step();
      if (work) await work;
    }
    return Math.max(0, Math.min(...this.duties.map(({ dueIn }) => dueIn)));
  }

  /** Nothing is in flight, held, unsaved or due. */
  get isIdle(): boolean {
    return this.intake.isIdle && !this.calls.open && !this.handOver.open && !this.progress.hasUnsaved && this.operations.isIdle;
  }

  /** Something was handed over and stored. */
  get hasAdvanced(): boolean {
    return this.progress.hasAdvanced;
  }

  /** From here on nothing is read or sent. */
  end(): void {
    this.ending = true;
    this.calls.end();
  }

  /** Waits for what is in flight, starts nothing more, and stores how far it came. */
  async finish(withinMs: number): Promise<void> {
    this.end();
    await this.calls.settled(withinMs);
    if (this.progress.hasUnsaved) await this.progress.store();
    await this.health.step();
  }

  /** What is still in flight decides nothing any more. */
  drop(): void {
    this.calls.drop();
  }

  /** Paused by people, or until a pause of the sink is over: nothing happens before that. */
  get isPaused(): boolean {
    return this.calls.isPaused || ((this.destination.isMissing || this.operations.isPaused) && !this.calls.open);
  }

  /** The sink is given up for good. */
  get isRetired(): boolean {
    return this.operations.isRetired;
  }

  get status(): TermStatus {
    const { oldestOpen } = this.handOver;
    return {
      lagMs: oldestOpen ? Math.max(0, this.now() - oldestOpen.getTime()) : 0,
      readAgoMs: this.monotonic() - this.intake.lastReadAt,
      failingSince: this.health.failingSince,
      paused: this.operations.isPaused,
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
