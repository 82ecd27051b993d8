import { Injectable, type Type } from '@nestjs/common';
import { contractOf, type Contract, type ContractClass } from '../contract/domain-event.js';
import type { EventOf } from '../contract/envelope.js';

export interface ConsumerOptions {
  /** Where it starts when it runs for the first time: with the oldest event kept, or with the next one. No default. */
  readonly from: 'beginning' | 'now';
}

export interface HandlesOptions {
  /**
   * `database`: the handler runs in a transaction together with its receipt, so its writes happen exactly once.
   * `outside`: a mail, a call. The event is claimed first and marked done afterwards, so it happens once, unless the
   * process is killed between effect and receipt: use `event_id` as the provider's idempotency key where it has one.
   */
  readonly effect: 'database' | 'outside';
  /** Attempts, the first included. Default 10. */
  readonly retry?: number;
  /** Milliseconds after which an attempt counts as failed. Default 30 000. */
  readonly timeout?: number;
  /**
   * What a replay does: `run` the handler again, or `skip` it. Default: a `database` effect runs, one `outside` is
   * skipped, so that replaying a day never sends its letters twice unless the handler says that it may.
   */
  readonly replay?: 'run' | 'skip';
}

export interface HandlerDeclaration extends Required<Pick<HandlesOptions, 'effect' | 'timeout' | 'replay'>> {
  readonly contract: Contract;
  readonly method: string;
  readonly retry?: number;
}

const DEFAULT_TIMEOUT_MS = 30_000; // longer than any sensible call to a provider
const declaredConsumers = new WeakMap<object, ConsumerOptions & { readonly name: string }>();
const declaredHandlers = new WeakMap<object, HandlerDeclaration[]>();

/** Declares an injectable class as a consumer. The name is stable: cursor and receipts are kept under it. */
export function Consumer(name: string, { from }: ConsumerOptions): ClassDecorator {
  return (target) => {
    declaredConsumers.set(target, { name, from });
    Injectable()(target);
  };
}

/**
 * Declares what a method handles; several decorators on one method are several contracts. What the method returns is
 * kept in the receipt of an `outside` effect, such as a provider's message id.
 *
 * @throws PikaiaError `PIKAIA_EVENT_CONTRACT_INVALID` for a class without `@DomainEvent`.
 */
export function Handles<Data extends object>(data: ContractClass<Data>, options: HandlesOptions) {
  return <Method extends (event: EventOf<Data>) => unknown>(
    prototype: object,
    method: string,
    _descriptor: TypedPropertyDescriptor<Method>,
  ): void => {
    const declared = declaredHandlers.get(prototype) ?? [];
    const replay = options.effect === 'database' ? 'run' : 'skip';
    declared.push({ timeout: DEFAULT_TIMEOUT_MS, replay, ...options, contract: contractOf(data), method });
    declaredHandlers.set(prototype, declared);
  };
}

export const consumerDeclared = (type: Type | Function): (ConsumerOptions & { readonly name: string }) | undefined =>
  declaredConsumers.get(type);

/** The handlers of a class, those that it inherits included. */
export function handlersDeclared(type: Type | Function): HandlerDeclaration[] {
  const found: HandlerDeclaration[] = [];
  for (let at = type.prototype as object; at && at !== Object.prototype; at = Object.getPrototypeOf(at) as object) {
    found.push(...(declaredHandlers.get(at) ?? []));
  }
  return found;
}
