import type { Clock } from '@pikaia/core';
import { getLogger } from '@pikaia/logging';
import type { ClientBase } from 'pg';
import { retryDelay } from '../loop/backoff.js';
import type { OutboxRow } from '../log/cursor.js';
import type { InSameTransaction } from '../log/cursor.store.js';
import { laneOf, type DeliveryIndex } from '../delivery/delivery.index.js';
import { markRevived } from '../delivery/delivery.js';
import { fingerprintOf, textOf } from '../delivery/error-fingerprint.js';
import type { Entry, Lanes } from '../delivery/lanes.js';
import { payloadTooLarge } from '../log/payload-limit.js';
import type { Outcome, Sink } from '../delivery/sink.js';
import { done, failedBecause, type CommandAnswer } from '../commands/command.js';
import type { CommandFailures } from '../commands/command.failures.js';
import { ANSWER_COMMAND } from '../commands/command.sql.js';
import type { Replay } from '../commands/replay.js';
import { ReplayReader, type DeadLetter } from './replay.reader.js';
import { STORE_REPLAY } from '../commands/replay.sql.js';

const logger = getLogger('outbox');
const MAX_ATTEMPTS = 3; // of an event that was delivered before: a replay ends, and says what it could not send

/** Stores progress, and in the same transaction what is passed. */
export type Store = (alongside: InSameTransaction) => Promise<void>;

export interface ReplayRunnerOptions {
  readonly sink: Sink;
  readonly clock: Clock;
  readonly random: () => number;
  readonly failures: CommandFailures;
}

type ReplayedEvent = OutboxRow & { readonly payload: string };

const isReadable = (event: OutboxRow): event is ReplayedEvent => event.payload !== null;

interface QueuedEvent {
  readonly event: ReplayedEvent;
  attempts: number;
  /** Times that it could not be sent at all. */
  delayCount: number;
  /** Monotonic milliseconds. */
  notBefore: number;
}

/**
 * Goes through the replays of a sink while its leader leads, one after another, in batches. Events go through the same
 * lanes as live ones, so that no two of one aggregate are ever under way, and at most one call's worth for each call that
 * may be in flight, so that live ones hardly wait. How far it came is stored with each batch: a kill repeats one batch,
 * under the same id.
 */
export class ReplayRunner {
  private replay: Replay | undefined;
  /** Up to where the batch in hand goes; undefined while there is none. */
  private batchEnd: string | undefined;
  private batchHasEvents = false;
  private queue: QueuedEvent[] = [];
  private readonly busyLanes = new Set<string>();
  private inFlightCount = 0;
  private nextSendAt = -Infinity;

  constructor(
    private readonly options: ReplayRunnerOptions,
    private readonly reader: ReplayReader,
    private readonly lanes: Lanes,
    private readonly deliveryIndex: DeliveryIndex,
    private readonly store: Store,
  ) {}

  /** Takes up the next replay where its last batch ended. */
  async load(): Promise<void> {
    this.replay ??= await this.reader.findOpen();
  }

  get isIdle(): boolean {
    return this.replay === undefined;
  }

  /** Milliseconds until there is something to do that no answer of the sink brings about. */
  get dueInMs(): number {
    if (!this.replay) return Infinity;
    if (!this.queue.length) return this.inFlightCount ? Infinity : 0;
    if (this.inFlightCount >= this.capacity) return Infinity;
    const next = Math.min(...this.firstOfIdleLanes().map(({ item }) => item.notBefore)); // none: an answer opens the way
    return Math.max(0, this.nextSendAt - this.now, next - this.now);
  }

  async step(): Promise<void> {
    if (!this.replay) return;
    if (this.replay.dryRun) return this.count(this.replay);
    this.sendReady();
    if (this.queue.length || this.inFlightCount) return;
    if (this.batchEnd !== undefined) await this.finishBatch(this.batchEnd);
    if (this.replay && !this.replay.dryRun) await this.readBatch(this.replay);
    this.sendReady();
  }

  private async count(replay: Replay): Promise<void> {
    const slice = await this.readOrFail(replay, () => this.reader.count(replay));
    if (!slice) return;
    const { edge, total, dead } = slice;
    this.addCounts({ matched: total, revived: dead });
    this.batchHasEvents = false; // stored only when it is done: a kill lets it count anew
    await this.finishBatch(edge);
  }

  /** A replay that cannot be read ends with the reason, and the next one begins. @throws when the database may be the cause. */
  private async readOrFail<T>(replay: Replay, read: () => Promise<T>): Promise<T | undefined> {
    const { failures, sink } = this.options;
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
    logger.warning('outbox_command_failed', { sink: sink.name, command: 'replay', replayed: replay.id, reason });
    await this.load();
    return undefined;
  }

  private async readBatch(replay: Replay): Promise<void> {
    const left = replay.most === null ? Infinity : replay.most - replay.counts.matched;
    const most = Math.min(left, replay.rate ?? Infinity);
    const slice = await this.readOrFail(replay, () => this.reader.read(replay, most));
    if (!slice) return;
    const { edge, events, deadLetters } = slice;
    this.batchEnd = edge;
    this.queue = events.filter(isReadable).map((event) => ({ event, attempts: 0, delayCount: 0, notBefore: -Infinity }));
    for (const event of events) if (event.tooLarge) this.recordFailure(event, 0, payloadTooLarge());
    this.batchHasEvents = events.length + deadLetters.length > 0;
    for (const deadLetter of deadLetters) this.revive(deadLetter);
    this.addCounts({ matched: events.length + deadLetters.length, revived: deadLetters.length });
    this.consumeRate(deadLetters.length);
  }

  private revive(deadLetter: DeadLetter): void {
    this.deliveryIndex.record(markRevived(deadLetter, this.options.clock.now()));
  }

  private sendReady(): void {
    for (const { item, lane } of this.firstOfIdleLanes()) {
      if (this.inFlightCount >= this.capacity || this.now < this.nextSendAt) return;
      if (item.notBefore <= this.now) this.send(item, lane);
    }
  }

  /** The first that waits here of each lane of which nothing is under way. */
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
      event: { ...item.event, attempt: item.attempts + 1, replayed: this.replay!.id },
      delivery: null,
      batch: null,
      index: 0,
      bytes: item.event.size,
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
      this.addCounts(outcome.skipped ? { skipped: 1 } : { sent: 1 });
      return;
    }
    if (outcome.kind === 'refused') {
      const most = outcome.permanent ? 1 : Math.min(MAX_ATTEMPTS, outcome.maxAttempts ?? MAX_ATTEMPTS);
      if (++item.attempts >= most) return this.recordFailure(item.event, item.attempts, outcome.error);
    }
    const after = outcome.kind === 'postponed' ? outcome.retryAfterMs : undefined;
    item.notBefore = this.now + (after ?? retryDelay(++item.delayCount, this.options.random));
    this.queue.unshift(item);
  }

  /** It was delivered once, and stays so; that the replay did not reach the sink is told in its answer. */
  private recordFailure(event: OutboxRow, attempts: number, error: unknown): void {
    this.addCounts({ failed: 1 });
    this.replay = { ...this.replay!, lastError: textOf(error) };
    const at = this.options.clock.now();
    this.deliveryIndex.recordAttempt({ eventId: event.eventId, at, error: textOf(error), fingerprint: fingerprintOf(error) });
    const fields = { sink: this.options.sink.name, replayed: this.replay.id, 'event.id': event.eventId, attempt: attempts };
    logger.warning('event_replay_failed', { ...fields, reason: textOf(error) });
  }

  /** What a kill repeats begins at the position that is stored here; a batch that held nothing needs no storing. */
  private async finishBatch(edge: string): Promise<void> {
    const replay = { ...this.replay!, position: edge };
    const { counts, dryRun, most, endPosition } = replay;
    const isDone = BigInt(edge) >= BigInt(endPosition) || (!dryRun && most !== null && counts.matched >= most);
    const answer = isDone ? done(resultOf(replay)) : undefined;
    if (isDone || this.batchHasEvents) await this.store((client) => this.storeReplay(client, replay, answer));
    this.options.failures.succeeded(replay.id);
    this.batchEnd = undefined;
    this.replay = isDone ? undefined : replay;
    if (!isDone) return;
    logger.info('replay_done', { sink: this.options.sink.name, replayed: replay.id, dry_run: dryRun, ...counts });
    await this.load();
  }

  /** With an answer the replay is over. */
  private async storeReplay(client: ClientBase, replay: Replay, answer: CommandAnswer | undefined): Promise<void> {
    const { id, position, lastError } = replay;
    const { matched, sent, skipped, revived, failed } = replay.counts;
    const { name } = this.options.sink;
    await client.query(STORE_REPLAY, [id, name, position, matched, sent, skipped, revived, failed, lastError, !!answer]);
    if (answer) await client.query(ANSWER_COMMAND, [id, name, JSON.stringify(answer)]);
  }

  private addCounts(more: Partial<Replay['counts']>): void {
    const counts = { ...this.replay!.counts };
    for (const [name, number] of Object.entries(more)) counts[name as keyof Replay['counts']] += number;
    this.replay = { ...this.replay!, counts };
  }

  /** Even steps in time, without saving up: a replay that had to wait does not hurry afterwards. */
  private consumeRate(events: number): void {
    const { rate } = this.replay!;
    if (rate !== null) this.nextSendAt = Math.max(this.nextSendAt, this.now) + (events * 1000) / rate;
  }

  private get isOrdered(): boolean {
    return this.options.sink.ordering === 'aggregate';
  }

  private get capacity(): number {
    const { entries, concurrency } = this.options.sink.limits;
    return entries * concurrency;
  }

  private get now(): number {
    return this.options.clock.monotonic();
  }
}

const resultOf = ({ counts: { matched, revived, ...sent }, dryRun, lastError }: Replay) =>
  dryRun
    ? { dry_run: true, matched, dead_letters: revived }
    : { dry_run: false, matched, ...sent, dead_letters: revived, ...(lastError !== null && { last_error: lastError }) };
