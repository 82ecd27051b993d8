import type { PutEventsRequestEntry, PutEventsResponse } from '@aws-sdk/client-eventbridge';
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

  constructor(private readonly options: EventBridgeSinkOptions) {
    const { client, from, maxBytes, concurrency, checkIntervalMs, random = Math.random } = options;
    const adaptiveConcurrency = new AdaptiveConcurrency(concurrency, random);
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
    for (const call of this.splitIntoCalls(entries)) await this.put(call, outcomes);
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

  private async put(call: readonly PreparedEntry[], outcomes: Outcome[]): Promise<void> {
    const endCall = this.adaptiveConcurrency.begin();
    let answer: PutEventsResponse;
    try {
      answer = await this.client.put(call.map(({ entry }) => entry));
    } catch (error) {
      const busError = callError(error);
      endCall(busError.reducesConcurrency ? 'throttled' : 'failed');
      return this.handleCallFailure(call, outcomes, busError, error);
    }
    let isThrottled = false;
    for (const [place, { index }] of call.entries()) {
      const refusal = refusalOf(answer.Entries?.[place]);
      outcomes[index] = refusal ? outcomeOf(refusal.busError, refusal.error) : accepted;
      if (refusal?.busError.reducesConcurrency) isThrottled = true;
    }
    endCall(isThrottled ? 'throttled' : 'succeeded');
  }

  private async handleCallFailure(
    call: readonly PreparedEntry[],
    outcomes: Outcome[],
    busError: BusError,
    error: unknown,
  ): Promise<void> {
    if (busError.renewsCredentials) this.client.renewCredentials();
    if (busError.effect === 'sent separately' && call.length > 1) {
      for (const prepared of call) await this.put([prepared], outcomes);
      return;
    }
    for (const { index } of call) outcomes[index] = outcomeOf(busError, error);
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
