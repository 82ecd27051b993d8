import { Injectable, type Type } from '@nestjs/common';
import { contractOf, type Contract, type ContractClass } from '../contract/domain-event.js';
import type { EventOf } from '../contract/envelope.js';

export interface ConsumerOptions {
  /** The start of a new consumer: `beginning` is the oldest event in the log, `now` is the next event. No default. */
  readonly from: 'beginning' | 'now';
  /**
   * The maximum number of handlers of this consumer that run at once in the worker that leads its sink: 1 to 100, default 4.
   * Events of one aggregate are handled one after another, whatever the value. Handlers with a `database` effect also share
   * `DATABASE_POOL_SIZE`: they wait for a free connection, and each consumer always has one. A handler that continues after its
   * timeout no longer counts.
   * A `QueueConsumer` handles one event at a time.
   */
  readonly concurrency?: number;
}

export interface HandlesOptions {
  /**
   * `database`: the handler runs in one transaction with its receipt, so its writes happen exactly once. After its timeout the
   * transaction is ended and rolled back.
   *
   * `external`: the handler sends an email or calls a third party. The event is claimed before the handler runs and marked done
   * afterwards. The effect happens once, unless the process is killed between the effect and the receipt, or is frozen meanwhile
   * for longer than the claim lasts (30 seconds). Pass `event_id` as the idempotency key if the provider supports one.
   */
  readonly effect: 'database' | 'external';
  /** The maximum number of attempts, including the first. Default 10. */
  readonly maxAttempts?: number;
  /**
   * The timeout of an attempt, in milliseconds from the call of the handler. Default 30 000. An attempt that exceeds it counts as
   * failed, and `signal` is aborted. For a `database` effect it must not exceed the timeouts of the database session.
   */
  readonly timeoutMs?: number;
  /**
   * Whether a replay runs the handler again (`run`) or not (`skip`). The default is `run` for a `database` effect and `skip`
   * for an `external` effect. A replay therefore never sends an email twice unless the handler allows it.
   */
  readonly replay?: 'run' | 'skip';
}

/** What a handler receives beside its event. */
export interface HandlerCall {
  /**
   * Aborted when the attempt exceeds `timeoutMs`. Pass it to calls that accept a signal, such as `fetch`. Until the handler ends,
   * its event is not handled again.
   */
  readonly signal: AbortSignal;
}

export interface ConsumerDeclaration extends ConsumerOptions {
  readonly name: string;
}

export interface HandlerDeclaration extends Required<Pick<HandlesOptions, 'effect' | 'timeoutMs' | 'replay'>> {
  readonly contract: Contract;
  readonly method: string;
  readonly maxAttempts?: number;
}

const DEFAULT_TIMEOUT_MS = 30_000; // longer than a normal call to a provider
const consumerDeclarations = new WeakMap<object, ConsumerDeclaration>();
const handlerDeclarations = new WeakMap<object, HandlerDeclaration[]>();

/**
 * Declares a class as a consumer and makes it injectable.
 *
 * @param name identifies the cursor and the receipts of the consumer. Do not change it after the first start.
 */
export function Consumer(name: string, options: ConsumerOptions): ClassDecorator {
  return (target) => {
    consumerDeclarations.set(target, { ...options, name });
    Injectable()(target);
  };
}

/**
 * Declares the contract that a method handles. Use several decorators on one method to handle several contracts. The receipt of
 * an `external` effect stores the method's return value, such as a provider's message id.
 *
 * @throws PikaiaError `PIKAIA_EVENT_CONTRACT_INVALID` for a class without `@DomainEvent`.
 */
export function Handles<Data extends object>(data: ContractClass<Data>, options: HandlesOptions) {
  return <Method extends (event: EventOf<Data>, call: HandlerCall) => unknown>(
    prototype: object,
    method: string,
    _descriptor: TypedPropertyDescriptor<Method>,
  ): void => {
    const declared = handlerDeclarations.get(prototype) ?? [];
    const replay = options.effect === 'database' ? 'run' : 'skip';
    declared.push({ timeoutMs: DEFAULT_TIMEOUT_MS, replay, ...options, contract: contractOf(data), method });
    handlerDeclarations.set(prototype, declared);
  };
}

export const consumerDeclarationOf = (type: Type | Function): ConsumerDeclaration | undefined => consumerDeclarations.get(type);

/** Returns the handlers of a class, including inherited handlers. */
export function handlerDeclarationsOf(type: Type | Function): HandlerDeclaration[] {
  const found: HandlerDeclaration[] = [];
  for (let at = type.prototype as object; at && at !== Object.prototype; at = Object.getPrototypeOf(at) as object) {
    found.push(...(handlerDeclarations.get(at) ?? []));
  }
  return found;
}
