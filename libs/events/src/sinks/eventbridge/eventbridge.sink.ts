import type { PutEventsRequestEntry, PutEventsResponse } from '@aws-sdk/client-eventbridge';
import { accepted, type Outcome, type Sink, type SinkCheck, type SinkEvent, type SinkLimits } from '../../delivery/sink.js';
import { AdaptiveConcurrency } from './adaptive-concurrency.js';
import { callError, entryError, EventBusError, NO_ANSWER, NO_CODE, outcomeOf, TOO_LARGE, type BusError } from './bus-errors.js';
import { entrySize, toEntry } from './bus-entry.js';
import type { EventBusClient } from './event-bus.client.js';

const MOST_ENTRIES = 10; // of a call, by EventBridge's rule

export interface EventBridgeSinkOptions {
  readonly client: EventBusClient;
  readonly from: 'beginning' | 'now';
  /** Bytes of a call, and so of an entry. */
  readonly maxBytes: number;
  readonly concurrency: number;
  readonly checkIntervalMs: number;
  readonly random?: () => number;
}

interface Sending {
  readonly entry: PutEventsRequestEntry;
  readonly bytes: number;
  /** Its place in the batch. */
  readonly index: number;
}

/**
 * An event bus of Amazon EventBridge. At least once and in no order: consumers recognise an event by its `event_id` and
 * order those of an aggregate by `sequence`. docs/event-bus.md has the table of all answers.
 */
export class EventBridgeSink implements Sink {
  readonly name = 'eventbridge';
  readonly from: Sink['from'];
  readonly ordering = 'none';
  readonly types = null;
  readonly limits: SinkLimits;
  readonly check: SinkCheck;
  private readonly window: AdaptiveConcurrency;
  private readonly client: EventBusClient;

  constructor(private readonly options: EventBridgeSinkOptions) {
    const { client, from, maxBytes, concurrency, checkIntervalMs, random = Math.random } = options;
    const window = new AdaptiveConcurrency(concurrency, random);
    this.window = window;
    this.client = client;
    this.from = from;
    this.limits = {
      entries: MOST_ENTRIES,
      bytes: maxBytes,
      get concurrency() {
        return window.current;
      },
    };
    this.check = {
      what: `event bus ${client.busName}`,
      everyMs: checkIntervalMs,
      look: () => this.look(),
    };
  }

  async deliver(batch: readonly SinkEvent[]): Promise<readonly Outcome[]> {
    const outcomes: Outcome[] = [];
    const sendings: Sending[] = [];
    for (const [index, event] of batch.entries()) {
      const prepared = this.prepare(event, index);
      if ('kind' in prepared) outcomes[index] = prepared;
      else sendings.push(prepared);
    }
    for (const call of this.calls(sendings)) await this.put(call, outcomes);
    return outcomes;
  }

  /** What is to be sent, or why it cannot be. */
  private prepare(event: SinkEvent, index: number): Sending | Outcome {
    try {
      const entry = toEntry(event, this.client.busName);
      const bytes = entrySize(entry);
      if (bytes <= this.options.maxBytes) return { entry, bytes, index };
      const why = `The event takes ${bytes} bytes, and ${this.options.maxBytes} are allowed. Raise EVENT_BUS_MAX_BYTES if your region takes more.`;
      return outcomeOf(entryError(TOO_LARGE), new EventBusError(TOO_LARGE, why));
    } catch (error) {
      return { kind: 'refused', error, permanent: true };
    }
  }

  /** The log counts an event as it was published; what counts for a call is what is sent. */
  private *calls(sendings: readonly Sending[]): Generator<Sending[]> {
    let call: Sending[] = [];
    let bytes = 0;
    for (const sending of sendings) {
      if (call.length === MOST_ENTRIES || (call.length && bytes + sending.bytes > this.options.maxBytes)) {
        yield call;
        [call, bytes] = [[], 0];
      }
      call.push(sending);
      bytes += sending.bytes;
    }
    if (call.length) yield call;
  }

  private async put(call: readonly Sending[], outcomes: Outcome[]): Promise<void> {
    const ended = this.window.begin();
    let answer: PutEventsResponse;
    try {
      answer = await this.client.put(call.map(({ entry }) => entry));
    } catch (error) {
      const known = callError(error);
      ended(known.slowsDown ? 'too much' : 'otherwise');
      return this.concludeFailure(call, outcomes, known, error);
    }
    let isTooMuch = false;
    for (const [place, { index }] of call.entries()) {
      const refusal = refusalOf(answer.Entries?.[place]);
      outcomes[index] = refusal ? outcomeOf(refusal.known, refusal.error) : accepted;
      if (refusal?.known.slowsDown) isTooMuch = true;
    }
    ended(isTooMuch ? 'too much' : 'well');
  }

  private async concludeFailure(call: readonly Sending[], outcomes: Outcome[], known: BusError, error: unknown): Promise<void> {
    if (known.renews) this.client.renew();
    if (known.fate === 'one by one' && call.length > 1) {
      for (const sending of call) await this.put([sending], outcomes);
      return;
    }
    for (const { index } of call) outcomes[index] = outcomeOf(known, error);
  }

  private async look(): Promise<string | null> {
    try {
      return await this.client.describe();
    } catch (error) {
      if (callError(error).renews) this.client.renew();
      throw error;
    }
  }
}

type Answer = NonNullable<PutEventsResponse['Entries']>[number];

/** An entry with an EventId was accepted, whatever else the answer says; each other one was not. */
function refusalOf(answer: Answer | undefined): { known: BusError; error: EventBusError } | undefined {
  if (answer?.EventId) return undefined;
  const code = answer ? (answer.ErrorCode ?? NO_CODE) : NO_ANSWER;
  const known = entryError(code);
  return { known, error: new EventBusError(code, answer?.ErrorMessage ?? known.about) };
}
