import type { DynamicModule } from '@nestjs/common';
import { context, systemClock, type Clock } from '@pikaia/core';
import { expectOne, type Expected } from '@pikaia/core/testing';
import { afterCommit, isRunningTransaction } from '@pikaia/database';
import { MemoryTransactionsModule } from '@pikaia/database/testing';
import type { Envelope } from '../contract/envelope.js';
import { contractOf, type ContractClass } from '../contract/domain-event.js';
import { Events, type Aggregate, type PreparedEvent, type PublishOptions } from '../record/events.service.js';

/** A published event. `data` is an instance of its contract class. */
export type CapturedEvent<Data extends object = object> = Envelope<Data>;

export interface CaptureEventsOptions {
  /** The time of the events. Default: `systemClock`. */
  readonly clock?: Clock;
}

export interface CapturedEvents {
  /** Import it into the module under test. It provides `Events`, and `@Transactional()` without a database. */
  readonly module: DynamicModule;
  /** The events of committed transactions, in the order in which they were published. */
  readonly events: readonly CapturedEvent[];
  /** Returns the events of a contract. */
  of<Data extends object>(contractClass: ContractClass<Data>): CapturedEvent<Data>[];
  clear(): void;
}

const TOKEN_KEY = 'signs the tokens of runWithToken in tests';

/** Hands over each event when its transaction has committed, and stores none. */
class CapturingEvents extends Events {
  constructor(
    clock: Clock,
    private readonly onEvent: (event: CapturedEvent) => unknown,
  ) {
    super({ databaseUrl: '', applicationName: 'test', clock, tokenKey: TOKEN_KEY }, { wake: () => undefined });
  }

  /** Builds an event without publishing it. */
  create(contractClass: ContractClass, aggregate: Aggregate, data: object): CapturedEvent {
    return this.prepare(contractOf(contractClass), aggregate, data).envelope;
  }

  protected override async write(event: PreparedEvent, { executor }: PublishOptions): Promise<void> {
    if (executor !== undefined && !isRunningTransaction(executor)) return void this.onEvent(event.envelope);
    await super.write(event, {});
    afterCommit(() => this.onEvent(event.envelope));
  }
}

/**
 * Captures what a service publishes, without a database. `publish` validates as in production and is refused outside `@Transactional()`.
 * An event of a transaction that is rolled back is not captured. An event that is published through an executor is captured at once.
 * Works with any test framework.
 */
export function captureEvents({ clock = systemClock }: CaptureEventsOptions = {}): CapturedEvents {
  const events: CapturedEvent[] = [];

  const of = <Data extends object>(contractClass: ContractClass<Data>): CapturedEvent<Data>[] => {
    const { type, version } = contractOf(contractClass);
    return (events as CapturedEvent<Data>[]).filter((event) => event.event_type === type && event.schema_version === version);
  };
  return {
    module: {
      module: class CapturedEventsModule {},
      global: true,
      imports: [MemoryTransactionsModule],
      providers: [{ provide: Events, useFactory: () => new CapturingEvents(clock, (event) => events.push(event)) }],
      exports: [Events],
    },
    events,
    of,
    clear: () => void (events.length = 0),
  };
}

/**
 * Returns the only captured event of a contract that is as expected.
 *
 * @param expected some fields of the event, such as `{ aggregate_id: '1', data: { total_cents: 500 } }`, or a predicate.
 * @throws AssertionError that shows the events of the contract if none or several are as expected.
 */
export function expectPublished<Data extends object>(
  captured: Pick<CapturedEvents, 'events' | 'of'>,
  contractClass: ContractClass<Data>,
  expected?: Expected<CapturedEvent<NoInfer<Data>>>,
): CapturedEvent<Data> {
  const { type, version } = contractOf(contractClass);
  const others = captured.events.map(({ event_type }) => event_type);
  return expectOne({ name: `${type} version ${version}`, verb: 'published', others }, captured.of(contractClass), expected);
}

/**
 * Builds an event for `deliverTwice`, validated as `publish` does. Actor, organization and correlation id come from the context, if there
 * is one.
 *
 * @throws PikaiaError like `publish`.
 */
export function createEvent<Data extends object>(
  contractClass: ContractClass<Data>,
  aggregate: Aggregate,
  data: NoInfer<Data>,
): CapturedEvent<Data> {
  const events = new CapturingEvents(systemClock, () => undefined);
  return context.run({ ...context.current }, () => events.create(contractClass, aggregate, data)) as CapturedEvent<Data>;
}
