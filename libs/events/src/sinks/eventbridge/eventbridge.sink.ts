import type { PutEventsRequestEntry, PutEventsResponse } from '@aws-sdk/client-eventbridge';
import { systemClock, type Clock } from '@pikaia/core';
import { accepted, type Outcome, type Sink, type SinkCheck, type SinkEvent, type SinkLimits } from '../../delivery/sink.js';
import { AdaptiveConcurrency } from './adaptive-concurrency.js';
import { callError, entryError, EventBusError, NO_ANSWER, NO_CODE, outcomeOf, TOO_LARGE, type BusError } from './bus-errors.js';
import { entrySize, toEntry } from './bus-entry.js';
import type { EventBusClient } from './event-bus.client.js';

const MAX_ENTRIES_PER_CALL = 10; // limit of EventBridge

export interface EventBridgeSinkOptions {
  readonly client: EventBusClient;
  readonly from: 'beginning' | 'now';
  /** Maximum bytes of a call, and so of an entry. */
  readonly maxBytes: number;
  readonly concurrency: number;
  readonly checkIntervalMs: number;
  readonly random?: () => number;
  readonly clock?: Pick<Clock, 'monotonic'>;
}

/** Why a call did not reach the bus, or was refused as a whole. */
interface CallFailure {
  readonly outcome: Outcome;
  /** An entry of the call may be at fault. */
  readonly causeUnknown: boolean;
}

interface PreparedEntry {
  readonly entry: PutEventsRequestEntry;
  readonly bytes: number;
  /** Position in the batch. */
  readonly index: number;
}

/**
 * Sends events to an Amazon EventBridge bus, at least once and in no order. Consumers detect duplicates by `event_id` and
 * order the events of an aggregate by `sequence`. docs/eventbridge.md lists how each error is handled.
 */
export class EventBridgeSink implements Sink {
  readonly name = 'eventbridge';
  readonly from: Sink['from'];
  readonly ordering = 'none';
  readonly types = null;
  readonly limits: SinkLimits;
  readonly check: SinkCheck;
  private readonly adaptiveConcurrency: AdaptiveConcurrency;
  private readonly client: EventBusClient;
  /** True after a call whose entries may be at fault, until the bus answers a separate one: entries are sent separately. */
  private sendsSeparately = false;
  /** Counts separate sendings, so that each begins with another entry. */
  private turn = 0;

  constructor(private readonly options: EventBridgeSinkOptions) {
    const { client, from, maxBytes, concurrency, checkIntervalMs, random = Math.random, clock = systemClock } = options;
    const { maxTimeoutMs } = client;
    const adaptiveConcurrency = new AdaptiveConcurrency({ maxConcurrency: concurrency, maxTimeoutMs, random, clock });
    this.adaptiveConcurrency = adaptiveConcurrency;
    this.client = client;
    this.from = from;
    this.limits = {
      maxBatchEvents: MAX_ENTRIES_PER_CALL,
      maxBatchBytes: maxBytes,
      get maxConcurrency() {
        return adaptiveConcurrency.current;
      },
    };
    this.check = {
      destination: `event bus ${client.busName}`,
      intervalMs: checkIntervalMs,
      identify: () => this.describeBus(),
    };
  }

  async deliver(batch: readonly SinkEvent[]): Promise<readonly Outcome[]> {
    const outcomes: Outcome[] = [];
    const entries: PreparedEntry[] = [];
    for (const [index, event] of batch.entries()) {
      const prepared = this.prepare(event, index);
      if ('kind' in prepared) outcomes[index] = prepared;
      else entries.push(prepared);
    }
    const isSeparate = this.sendsSeparately;
    const { isAnswered } = await this.putInTurn(isSeparate ? this.separate(entries) : this.splitIntoCalls(entries), outcomes);
    if (isSeparate && isAnswered) this.sendsSeparately = false;
    return outcomes;
  }

  /** Returns the entry to send, or the outcome of an event that cannot be sent. */
  private prepare(event: SinkEvent, index: number): PreparedEntry | Outcome {
    try {
      const entry = toEntry(event, this.client.busName);
      const bytes = entrySize(entry);
      if (bytes <= this.options.maxBytes) return { entry, bytes, index };
      const why = `The event has ${bytes} bytes, but the limit is ${this.options.maxBytes}. Raise EVENT_BUS_MAX_BYTES if your region accepts more.`;
      return outcomeOf(entryError(TOO_LARGE), new EventBusError(TOO_LARGE, why));
    } catch (error) {
      return { kind: 'refused', error, permanent: true };
    }
  }

  /** Splits the entries into calls by their size as sent, which can exceed the size that the log computed. */
  private *splitIntoCalls(entries: readonly PreparedEntry[]): Generator<PreparedEntry[]> {
    let call: PreparedEntry[] = [];
    let bytes = 0;
    for (const prepared of entries) {
      if (call.length === MAX_ENTRIES_PER_CALL || (call.length && bytes + prepared.bytes > this.options.maxBytes)) {
        yield call;
        [call, bytes] = [[], 0];
      }
      call.push(prepared);
      bytes += prepared.bytes;
    }
    if (call.length) yield call;
  }

  /** One call for each entry. Another entry is first each time, so that one entry cannot hold back the others. */
  private separate(entries: readonly PreparedEntry[]): PreparedEntry[][] {
    const first = this.turn++ % Math.max(1, entries.length);
    return [...entries.slice(first), ...entries.slice(0, first)].map((entry) => [entry]);
  }

  /**
   * Makes calls one after another. Stops at a call that fails as a whole, so that a bus that refuses everything gets one call after
   * each pause of the relay. The entries that were not sent have the outcome of that call. Once the bus has answered, a call that
   * may have failed because of its entry does not stop the others.
   */
  private async putInTurn(
    calls: Iterable<readonly PreparedEntry[]>,
    outcomes: Outcome[],
  ): Promise<{ isAnswered: boolean; failure?: CallFailure }> {
    let isAnswered = false;
    let failure: CallFailure | undefined;
    for (const call of calls) {
      if (!failure) {
        const failed = await this.put(call, outcomes);
        isAnswered ||= !failed;
        if (failed && !(failed.causeUnknown && isAnswered)) failure = failed;
      } else for (const { index } of call) outcomes[index] = failure.outcome;
    }
    return { isAnswered, ...(failure && { failure }) };
  }

  /** @returns the failure of a call that the bus did not answer for each entry. */
  private async put(call: readonly PreparedEntry[], outcomes: Outcome[]): Promise<CallFailure | undefined> {
    const running = this.adaptiveConcurrency.begin();
    let answer: PutEventsResponse;
    try {
      answer = await this.client.put(
        call.map(({ entry }) => entry),
        running.timeoutMs,
      );
    } catch (error) {
      const busError = callError(error);
      running.end(busError.reducesConcurrency ? 'throttled' : busError.timesOut ? 'timed out' : 'failed');
      return this.handleCallFailure(call, outcomes, busError, error);
    }
    let isThrottled = false;
    for (const [place, { index }] of call.entries()) {
      const refusal = refusalOf(answer.Entries?.[place]);
      outcomes[index] = refusal ? outcomeOf(refusal.busError, refusal.error) : accepted;
      if (refusal?.busError.reducesConcurrency) isThrottled = true;
    }
    running.end(isThrottled ? 'throttled' : 'answered');
    return undefined;
  }

  private async handleCallFailure(
    call: readonly PreparedEntry[],
    outcomes: Outcome[],
    busError: BusError,
    error: unknown,
  ): Promise<CallFailure | undefined> {
    if (busError.renewsCredentials) this.client.renewCredentials();
    if (busError.effect === 'sent separately' && call.length > 1) {
      const { isAnswered, failure } = await this.putInTurn(this.separate(call), outcomes);
      if (!isAnswered && failure) this.sendsSeparately = true;
      return failure;
    }
    const outcome = outcomeOf(busError, error);
    for (const { index } of call) outcomes[index] = outcome;
    if (outcome.kind !== 'transport') return undefined;
    const causeUnknown = busError.causeUnknown === true;
    if (causeUnknown && call.length > 1) this.sendsSeparately = true;
    return { outcome, causeUnknown };
  }

  private async describeBus(): Promise<string | null> {
    try {
      return await this.client.busIdentity();
    } catch (error) {
      if (callError(error).renewsCredentials) this.client.renewCredentials();
      throw error;
    }
  }
}

type Answer = NonNullable<PutEventsResponse['Entries']>[number];

/** An entry with an EventId was accepted; every other entry was not. The rest of the response does not matter. */
function refusalOf(answer: Answer | undefined): { busError: BusError; error: EventBusError } | undefined {
  if (answer?.EventId) return undefined;
  const code = answer ? (answer.ErrorCode ?? NO_CODE) : NO_ANSWER;
  const busError = entryError(code);
  return { busError, error: new EventBusError(code, answer?.ErrorMessage ?? busError.meaning) };
}
