import { Calls } from './calls.js';
import type { Alongside, CursorStore, DeliveryChanges } from './cursor.store.js';
import { Deliveries } from './deliveries.js';
import { DeliveryExpiry, type ExpiryOptions } from './delivery.expiry.js';
import { DestinationWatch } from './destination-watch.js';
import { HandOver } from './hand-over.js';
import { Intake, type IntakeOptions } from './intake.js';
import { Lanes } from './lanes.js';
import type { Leader } from './leader.js';
import type { OutboxReader } from './outbox.reader.js';
import { Outcomes } from './outcomes.js';
import { CommandDesk } from '../operations/command.desk.js';
import { ReplayReader } from '../operations/replay.reader.js';
import { ReplayRun } from '../operations/replay.run.js';
import { TermOperations } from '../operations/term.operations.js';
import { SinkHealth } from './sink-health.js';

const IDLE_STORE_MS = 60_000; // an idle cursor is stored too, so that the look-back of the next leader stays short

export interface TermOptions extends IntakeOptions, ExpiryOptions {
  readonly random: () => number;
  readonly storeIntervalMs: number;
  readonly leaderTimeoutMs: number;
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
  private lastWordAt = -Infinity;
  private lastStoredAt: number;
  private advancedAt: number;

  private constructor(
    private readonly options: TermOptions,
    private readonly leader: Leader,
    private readonly store: CursorStore,
    private readonly intake: Intake,
    private readonly handOver: HandOver,
    private readonly deliveries: Deliveries,
    private readonly health: SinkHealth,
    private readonly outcomes: Outcomes,
    private readonly calls: Calls,
    private readonly expiry: DeliveryExpiry,
    private readonly destination: DestinationWatch,
    private readonly operations: TermOperations,
  ) {
    this.lastStoredAt = this.monotonic() - options.storeIntervalMs; // the first change is stored at once
    this.advancedAt = this.monotonic();
  }

  static async begin(options: TermOptions, leader: Leader, reader: OutboxReader, store: CursorStore): Promise<Term> {
    const { sink } = options;
    const { client } = leader;
    const { cursor, failingSince, state } = await store.load();
    await store.markLeading();
    const deliveries = new Deliveries(client, sink.name, sink.ordering === 'aggregate');
    await deliveries.load();
    const health = new SinkHealth(client, options, failingSince);
    const lanes = new Lanes();
    const outcomes = new Outcomes(options, lanes, deliveries, health);
    const calls = new Calls(options, lanes, health, outcomes);
    const expiry = new DeliveryExpiry(client, options, deliveries);
    const destination = await DestinationWatch.begin(client, options, store, health);
    const handOver = new HandOver(cursor);
    const intake = new Intake(options, reader, cursor, handOver, lanes, deliveries, outcomes);
    const storeWith = (alongside: Alongside): Promise<void> => term.storeProgress(alongside);
    const desk = new CommandDesk({ client, sink, deliveries, store: storeWith, cursor: () => handOver.cursor }, state);
    const replays = new ReplayRun(options, new ReplayReader(client, sink.name, sink.types), lanes, deliveries, storeWith);
    const operations = new TermOperations(options, desk, replays);
    const term = new Term(
      options,
      leader,
      store,
      intake,
      handOver,
      deliveries,
      health,
      outcomes,
      calls,
      expiry,
      destination,
      operations,
    );
    return term;
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
    this.leader.throwIfLost();
    if (!this.handOver.open || this.handOver.hasMoved || this.deliveries.hasChanges) this.advancedAt = this.monotonic();
    if (!this.ending) await this.operations.step();
    if (this.storeDueIn() <= 0) await this.storeProgress();
    if (this.expiry.dueIn <= 0) await this.expireDeliveries();
    await this.destination.step();
    await this.health.write();
    if (this.intakeDueIn() <= 0) await this.intake.step();
    if (this.maySend) this.calls.start();
    if (this.pingDueIn() <= 0) await this.ping();
    return Math.max(
      0,
      Math.min(
        this.storeDueIn(),
        this.expiry.dueIn,
        this.intakeDueIn(),
        this.pingDueIn(),
        this.operations.dueIn,
        this.sendDueIn(),
      ),
    );
  }

  /** Nothing is in flight, held, unsaved or due. */
  get isIdle(): boolean {
    return (
      this.intake.isIdle &&
      !this.calls.open &&
      !this.handOver.open &&
      !this.handOver.hasMoved &&
      !this.deliveries.hasChanges &&
      this.operations.isIdle
    );
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
    if (this.handOver.hasMoved || this.deliveries.hasChanges) await this.storeProgress();
    await this.health.write();
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

  private async expireDeliveries(): Promise<void> {
    if (await this.expiry.look()) await this.storeProgress((client) => this.expiry.remove(client));
  }

  /** `alongside`: other work of the leader, in the same transaction. */
  private async storeProgress(alongside?: Alongside): Promise<void> {
    const changes: DeliveryChanges = { ...this.deliveries.takeChanges(), accepted: this.outcomes.takeAccepted() };
    const { cursor } = this.handOver;
    this.handOver.takeMoved();
    const stored = alongside ? this.store.storeWith(cursor, changes, alongside) : this.store.store(cursor, changes);
    const backend = await stored;
    this.leader.verifyBackend(backend);
    this.lastStoredAt = this.lastWordAt = this.monotonic();
    this.deliveries.stored(changes);
  }

  private async ping(): Promise<void> {
    await this.leader.ping();
    this.lastWordAt = this.monotonic();
  }

  private get maySend(): boolean {
    return this.destination.allowsSending && !this.operations.isPaused;
  }

  private sendDueIn(): number {
    return Math.min(this.destination.dueIn, this.maySend ? this.calls.dueIn : Infinity);
  }

  private storeDueIn(): number {
    if (this.deliveries.unsavedBytes >= this.options.readAheadBytes) return 0;
    const changed = this.handOver.hasMoved || this.deliveries.hasChanges;
    return this.lastStoredAt + (changed ? this.options.storeIntervalMs : IDLE_STORE_MS) - this.monotonic();
  }

  private intakeDueIn(): number {
    return this.ending || this.operations.isPaused ? Infinity : this.intake.dueIn;
  }

  private pingDueIn(): number {
    return Math.max(this.lastWordAt, this.intake.lastReadAt) + this.options.leaderTimeoutMs / 3 - this.monotonic();
  }

  private now(): number {
    return this.options.clock.now().getTime();
  }

  private monotonic(): number {
    return this.options.clock.monotonic();
  }
}
