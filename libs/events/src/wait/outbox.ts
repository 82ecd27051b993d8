import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { PikaiaError, type Clock } from '@pikaia/core';
import { DATA_SOURCE, inTransaction, queryJsonRows } from '@pikaia/database';
import type { DataSource } from 'typeorm';
import type { ConsumerDescription } from '../consume/consumer.description.js';
import { localSinkOf } from '../consume/consumer.definition.js';
import { decodeChangeToken, tokenKeyMissing, type Change } from './change-token.js';
import { ChangePoller } from './change.poller.js';
import { progressOf } from './change.progress.js';
import { consumerUnknown, waitAborted, waitTimedOut } from './wait.errors.js';
import { FIND_CONSUMERS } from './wait.sql.js';

export interface OutboxOptions {
  readonly tokenKey: string | Uint8Array | undefined;
  readonly clock: Clock;
  readonly queueConsumers: readonly ConsumerDescription[];
}

export const OUTBOX_OPTIONS = Symbol('pikaia.outbox');

export interface WaitOptions {
  /** The maximum wait in milliseconds, up to ten minutes. Default 5 000. */
  readonly timeoutMs?: number;
  /** Ends the wait, for example when the client disconnects. */
  readonly signal?: AbortSignal;
}

const DEFAULT_TIMEOUT_MS = 5_000;
const MAX_TIMEOUT_MS = 600_000;

/** Waits until consumers have handled events. */
@Injectable()
export class Outbox implements OnModuleDestroy {
  private readonly poller: ChangePoller;
  private readonly stopped = new AbortController();

  constructor(
    @Inject(OUTBOX_OPTIONS) private readonly options: OutboxOptions,
    @Inject(DATA_SOURCE) private readonly source: DataSource,
  ) {
    this.poller = new ChangePoller(source, options.clock);
  }

  /**
   * Waits until a consumer has handled the events of a change. Use it to read a view that a consumer keeps, after a change by the same
   * user. Returns at once if the change has no events.
   *
   * An event counts as seen once the consumer has its receipt. An event that the consumer never receives also counts as seen: the
   * consumer does not handle its type, or started after it. The wait holds no connection: all waits of a process share one short
   * query, repeated after 10 ms at first and after 250 ms at the end.
   *
   * The events have no order between aggregates, so a consumer that has seen this change may not have seen earlier ones.
   *
   * @param consumer the name in `@Consumer`.
   * @param token the token of `Events.runWithToken`.
   * @throws PikaiaError
   * - `PIKAIA_WAIT_TIMEOUT`: the consumer has not handled the events within `timeoutMs`. The message names an event and its status.
   * - `PIKAIA_WAIT_ABORTED`: `signal` was aborted, or the process stops.
   * - `PIKAIA_WAIT_INVALID`: `timeoutMs` is not valid, or the call is inside a transaction, whose connection would be held.
   * - `PIKAIA_CHANGE_FAILED`: an event failed permanently, or waits behind one that did.
   * - `PIKAIA_CHANGE_SKIPPED`: an operator skipped an event.
   * - `PIKAIA_CHANGE_TOKEN_INVALID`: the token was changed, or signed with another key.
   * - `PIKAIA_CHANGE_TOKEN_EXPIRED`: the log no longer has the events.
   * - `PIKAIA_CHANGE_TOKEN_KEY_MISSING`: `EventsModule` has no `tokenKey`.
   * - `PIKAIA_CONSUMER_UNKNOWN`: no consumer has this name. The message lists the known ones.
   */
  async waitUntilSeen(
    consumer: string,
    token: string,
    { timeoutMs = DEFAULT_TIMEOUT_MS, signal }: WaitOptions = {},
  ): Promise<void> {
    const { tokenKey } = this.options;
    if (tokenKey === undefined) throw tokenKeyMissing();
    if (!(timeoutMs > 0 && timeoutMs <= MAX_TIMEOUT_MS))
      throw new PikaiaError('PIKAIA_WAIT_INVALID', `timeoutMs must be above 0 and at most ${MAX_TIMEOUT_MS}, not ${timeoutMs}.`);
    if (inTransaction())
      throw new PikaiaError(
        'PIKAIA_WAIT_INVALID',
        'waitUntilSeen was called inside a transaction, which would hold a connection and its locks during the wait. Call it before or after the @Transactional() method.',
      );
    const changes = decodeChangeToken(token, tokenKey);
    if (signal?.aborted) throw waitAborted('its signal is aborted', signal.reason);
    if (this.stopped.signal.aborted) throw waitAborted('the process stops');
    if (changes.length) await this.wait(consumer, changes, timeoutMs, signal);
  }

  /** Ends all waits. */
  onModuleDestroy(): void {
    this.stopped.abort();
  }

  private wait(consumer: string, changes: readonly Change[], timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    const description = this.options.queueConsumers.find(({ name }) => name === consumer);
    let resolve!: () => void;
    let reject!: (reason: unknown) => void;
    const promise = new Promise<void>((...settle) => ([resolve, reject] = settle));
    let [unseen, last, cause]: [number, string, unknown] = [changes.length, 'its state could not be read', undefined];
    const polls = changes.map((change) =>
      this.poller.add({
        ...change,
        consumer,
        onState: (state) => {
          const progress = progressOf(consumer, description, state);
          cause = undefined;
          if (progress.kind === 'unseen') last = progress.what;
          else if (progress.kind === 'refused') reject(progress.error);
          else if (progress.kind === 'consumer_unknown') void this.refuseConsumer(consumer).catch(reject);
          else if (--unseen === 0) resolve();
          return progress.kind !== 'unseen';
        },
        onError: (error, isFinal) => (isFinal ? reject(error) : (cause = error)),
      }),
    );
    const timer = setTimeout(() => reject(waitTimedOut(consumer, timeoutMs, last, cause)), timeoutMs);
    const onAbort = (): void => reject(waitAborted('its signal is aborted', signal!.reason));
    const onStop = (): void => reject(waitAborted('the process stops'));
    signal?.addEventListener('abort', onAbort);
    this.stopped.signal.addEventListener('abort', onStop);
    return promise.finally(() => {
      clearTimeout(timer);
      for (const end of polls) end();
      signal?.removeEventListener('abort', onAbort);
      this.stopped.signal.removeEventListener('abort', onStop);
    });
  }

  /** @throws PikaiaError `PIKAIA_CONSUMER_UNKNOWN`, always. */
  private async refuseConsumer(consumer: string): Promise<never> {
    const inWorkers = await queryJsonRows<{ name: string }>(this.source, FIND_CONSUMERS, [localSinkOf('')]);
    const known = [...inWorkers, ...this.options.queueConsumers].map(({ name }) => name);
    throw consumerUnknown(consumer, [...new Set(known)].sort());
  }
}
