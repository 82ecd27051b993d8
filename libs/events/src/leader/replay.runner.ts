import { getLogger } from '@pikaia/logging';
import type { ClientBase } from 'pg';
import { retryDelay } from '../loop/backoff.js';
import type { OutboxRow } from '../log/event.row.js';
import type { InSameTransaction } from '../log/cursor.store.js';
import { laneOf, type DeliveryIndex } from '../delivery/delivery.index.js';
import { markRevived } from '../delivery/delivery.js';
import { fingerprintOf, textOf } from '../delivery/error-fingerprint.js';
import type { Entry, Lanes } from '../delivery/lanes.js';
import { payloadTooLarge } from '../log/payload-limit.js';
import type { Outcome } from '../delivery/sink.js';
import { done, failedBecause, type CommandAnswer } from '../commands/command.js';
import type { CommandFailures } from '../commands/command.failures.js';
import { ANSWER_COMMAND } from '../commands/command.sql.js';
import { resultOf, type Replay } from '../commands/replay.js';
import { ReplayReader, type DeadLetter, type MatchingEvent } from './replay.reader.js';
import { INSERT_HANDLED, STORE_REPLAY } from '../commands/replay.sql.js';
import type { RelayContext } from '../delivery/relay.context.js';

const logger = getLogger('outbox');
const MAX_REPLAY_ATTEMPTS = 3; // of a replayed event; the replay then counts it as failed and continues

/** Stores the cursor and runs `work` in the same transaction. */
export type Store = (work: InSameTransaction) => Promise<void>;

type ReplayedEvent = MatchingEvent & { readonly payload: string };

const isReadable = (event: MatchingEvent): event is ReplayedEvent => event.payload !== null;

interface QueuedEvent {
  readonly event: ReplayedEvent;
  attempts: number;
  /** Number of retries so far. It determines the delay of the next one. */
  delayCount: number;
  /** Earliest time of the next attempt, in monotonic milliseconds. */
  notBefore: number;
}

/**
 * Runs the replays of a sink one after another, in batches. Replayed events use the same lanes as live ones, so no two events
 * of an aggregate are in flight together. At most `maxBatchEvents * maxConcurrency` are in the lanes, so that live events rarely
 * wait. The position is stored with each batch. A crash repeats at most one batch, under the same replay id.
 */
export class ReplayRunner {
  private replay: Replay | undefined;
  /** Last position of the current batch. Undefined if there is none. */
  private batchEnd: string | undefined;
  private batchHasEvents = false;
  /** New events of the current batch that the sink has handled. */
  private handledNew: string[] = [];
  private queue: QueuedEvent[] = [];
  private readonly busyLanes = new Set<string>();
  private inFlightCount = 0;
  private nextSendAt = -Infinity;

  constructor(
    private readonly relay: Pick<RelayContext, 'sink' | 'clock' | 'random'>,
    private readonly failures: CommandFailures,
    private readonly reader: ReplayReader,
    private readonly lanes: Lanes,
    private readonly deliveryIndex: DeliveryIndex,
    private readonly store: Store,
  ) {}

  /** Loads the next replay, which continues after its last stored batch. */
  async load(): Promise<void> {
    this.replay ??= await this.reader.findOpen();
  }

  get isIdle(): boolean {
    return this.replay === undefined;
  }

  /** True if the current replay sends nothing more. */
  get isCanceled(): boolean {
    return this.replay?.canceled === true;
  }

  /** Cancels a replay, which ends once none of its events is in flight. */
  cancel(id: string): void {
    if (this.replay?.id === id) this.replay = { ...this.replay, canceled: true };
  }

  /** Milliseconds until the next step is due. Infinity if only an outcome can make one due. */
  get dueInMs(): number {
    if (!this.replay) return Infinity;
    if (this.isCanceled) return this.inFlightCount ? Infinity : 0;
    if (!this.queue.length) return this.inFlightCount ? Infinity : Math.max(0, this.nextSendAt - this.now);
    if (this.inFlightCount >= this.capacity) return Infinity;
    const next = Math.min(...this.firstOfIdleLanes().map(({ item }) => item.notBefore)); // Infinity if every lane is busy
    return Math.max(0, this.nextSendAt - this.now, next - this.now);
  }

  async step(): Promise<void> {
    if (!this.replay) return;
    if (this.replay.canceled) return this.finishCanceled(this.replay);
    if (this.replay.dryRun) return this.count(this.replay);
    this.sendReady();
    if (this.queue.length || this.inFlightCount) return;
    if (this.batchEnd !== undefined) await this.finishBatch(this.batchEnd);
    if (this.now < this.nextSendAt) return; // the last batch had dead letters
    if (this.replay && !this.replay.dryRun) await this.readBatch(this.replay);
    this.sendReady();
  }

  private async finishCanceled(replay: Replay): Promise<void> {
    if (this.inFlightCount) return;
    this.queue = [];
    this.batchEnd = undefined;
    await this.store((client) => this.storeReplay(client, replay, done(resultOf(replay))));
    this.end(replay);
    await this.load();
  }

  private async count(replay: Replay): Promise<void> {
    const batch = await this.readOrFail(replay, () => this.reader.count(replay));
    if (!batch) return;
    const { scannedTo, total, dead } = batch;
    this.addCounts({ matched: total, revived: dead });
    this.batchHasEvents = false; // stored only when the count is complete: a crash restarts it
    await this.finishBatch(scannedTo);
  }

  /**
   * Ends a replay that cannot be read, with the reason, and loads the next one.
   *
   * @throws the error if the database may be its cause.
   */
  private async readOrFail<T>(replay: Replay, read: () => Promise<T>): Promise<T | undefined> {
    const { failures } = this;
    let reason: string;
    try {
      const verdict = failures.verdictOn(replay.id);
      if (verdict === undefined) return await read();
      reason = verdict;
    } catch (error) {
      reason = failures.reasonFor(replay.id, error);
    }
    const answer = failedBecause(reason, resultOf(replay));
    await this.store((client) => this.storeReplay(client, { ...replay, lastError: reason }, answer));
    this.replay = undefined;
    failures.succeeded(replay.id);
    logger.warning('outbox_command_failed', { sink: this.relay.sink.name, command: 'replay', replayed: replay.id, reason });
    await this.load();
    return undefined;
  }

  private async readBatch(replay: Replay): Promise<void> {
    const left = replay.maxEvents === null ? Infinity : replay.maxEvents - replay.counts.matched;
    const limit = Math.min(left, replay.rate ?? Infinity);
    const batch = await this.readOrFail(replay, () => this.reader.read(replay, limit));
    if (!batch) return;
    const { scannedTo, events, deadLetters } = batch;
    this.batchEnd = scannedTo;
    this.handledNew = [];
    this.queue = events.filter(isReadable).map((event) => ({ event, attempts: 0, delayCount: 0, notBefore: -Infinity }));
    for (const event of events) if (event.tooLarge) this.recordFailure(event, 0, payloadTooLarge());
    this.batchHasEvents = events.length + deadLetters.length > 0;
    for (const deadLetter of deadLetters) this.revive(deadLetter);
    this.addCounts({ matched: events.length + deadLetters.length, revived: deadLetters.length });
    this.consumeRate(deadLetters.length);
  }

  private revive(deadLetter: DeadLetter): void {
    this.deliveryIndex.record(markRevived(deadLetter, this.relay.clock.now()));
  }

  private sendReady(): void {
    for (const { item, lane } of this.firstOfIdleLanes()) {
      if (this.inFlightCount >= this.capacity || this.now < this.nextSendAt) return;
      if (item.notBefore <= this.now) this.send(item, lane);
    }
  }

  /** Returns the first queued event of each lane that has no replayed event in flight. */
  private firstOfIdleLanes(): { item: QueuedEvent; lane: string }[] {
    const passed = new Set(this.busyLanes);
    return this.queue.flatMap((item) => {
      const lane = this.isOrdered ? laneOf(item.event) : item.event.eventId;
      if (passed.has(lane)) return [];
      passed.add(lane);
      return [{ item, lane }];
    });
  }

  private send(item: QueuedEvent, lane: string): void {
    this.queue.splice(this.queue.indexOf(item), 1);
    this.busyLanes.add(lane);
    this.inFlightCount++;
    this.consumeRate(1);
    const freeLane = (): void => {
      this.busyLanes.delete(lane);
      this.inFlightCount--;
    };
    this.lanes.add({
      lane: this.isOrdered ? lane : null,
      event: { ...item.event, attempt: item.attempts + 1, ...(!item.event.isNew && { replayed: this.replay!.id }) },
      delivery: null,
      batch: null,
      index: 0,
      bytes: item.event.size,
      recordedMs: null,
      replay: {
        handleOutcome: (outcome) => {
          freeLane();
          this.handleOutcome(item, outcome);
        },
        requeue: () => {
          freeLane();
          this.queue.unshift(item);
        },
      },
    } satisfies Entry);
  }

  private handleOutcome(item: QueuedEvent, outcome: Outcome): void {
    if (outcome.kind === 'accepted') {
      if (item.event.isNew) this.handledNew.push(item.event.eventId);
      this.addCounts(outcome.skipped ? { skipped: 1 } : { sent: 1 });
      return;
    }
    if (outcome.kind === 'refused') {
      const maxAttempts = outcome.permanent ? 1 : Math.min(MAX_REPLAY_ATTEMPTS, outcome.maxAttempts ?? MAX_REPLAY_ATTEMPTS);
      if (++item.attempts >= maxAttempts) return this.recordFailure(item.event, item.attempts, outcome.error);
    }
    const after = outcome.kind === 'postponed' ? outcome.retryAfterMs : undefined;
    item.notBefore = this.now + (after ?? retryDelay(++item.delayCount, this.relay.random));
    this.queue.unshift(item);
  }

  /** Counts a replayed event as failed. Its delivery stays published. The answer of the replay reports the failure. */
  private recordFailure(event: OutboxRow, attempts: number, error: unknown): void {
    this.addCounts({ failed: 1 });
    const reason = textOf(error, event);
    this.replay = { ...this.replay!, lastError: reason };
    const at = this.relay.clock.now();
    this.deliveryIndex.recordAttempt({ eventId: event.eventId, at, error: reason, fingerprint: fingerprintOf(error, event) });
    const fields = { sink: this.relay.sink.name, replayed: this.replay.id, 'event.id': event.eventId, attempt: attempts };
    logger.warning('event_replay_failed', { ...fields, reason });
  }

  /** Stores the position from which a crash repeats. An empty batch is not stored unless the replay is done. */
  private async finishBatch(scannedTo: string): Promise<void> {
    const replay = { ...this.replay!, position: scannedTo };
    const { counts, dryRun, maxEvents, endPosition } = replay;
    const isDone = BigInt(scannedTo) >= BigInt(endPosition) || (!dryRun && maxEvents !== null && counts.matched >= maxEvents);
    const answer = isDone ? done(resultOf(replay)) : undefined;
    if (isDone || this.batchHasEvents) await this.store((client) => this.storeReplay(client, replay, answer));
    this.failures.succeeded(replay.id);
    this.batchEnd = undefined;
    this.replay = replay;
    if (!isDone) return;
    this.end(replay);
    await this.load();
  }

  private end({ id, dryRun, counts, canceled }: Replay): void {
    this.replay = undefined;
    logger.info('replay_done', { sink: this.relay.sink.name, replayed: id, dry_run: dryRun, canceled, ...counts });
  }

  /** Stores the progress of a replay. With an answer, the replay is done. */
  private async storeReplay(client: ClientBase, replay: Replay, answer: CommandAnswer | undefined): Promise<void> {
    const { id, position, lastError } = replay;
    const { matched, sent, skipped, revived, failed } = replay.counts;
    const { name } = this.relay.sink;
    await client.query(STORE_REPLAY, [id, name, position, matched, sent, skipped, revived, failed, lastError, !!answer]);
    if (this.handledNew.length) await client.query(INSERT_HANDLED, [name, this.handledNew]);
    if (answer) await client.query(ANSWER_COMMAND, [id, name, JSON.stringify(answer)]);
  }

  private addCounts(more: Partial<Replay['counts']>): void {
    const counts = { ...this.replay!.counts };
    for (const [name, number] of Object.entries(more)) counts[name as keyof Replay['counts']] += number;
    this.replay = { ...this.replay!, counts };
  }

  /** Spaces events evenly by the rate. Unused rate does not accumulate: a replay that waited does not catch up faster. */
  private consumeRate(events: number): void {
    const { rate } = this.replay!;
    if (rate !== null) this.nextSendAt = Math.max(this.nextSendAt, this.now) + (events * 1000) / rate;
  }

  private get isOrdered(): boolean {
    return this.relay.sink.ordering === 'aggregate';
  }

  private get capacity(): number {
    const { maxBatchEvents, maxConcurrency } = this.relay.sink.limits;
    return maxBatchEvents * maxConcurrency;
  }

  private get now(): number {
    return this.relay.clock.monotonic();
  }
}
