import { Inject, Injectable } from '@nestjs/common';
import { context, findIdProblem, newId, PikaiaError } from '@pikaia/core';
import { afterCommit, isRunningTransaction, writeThroughExecutor, writeWithCommit, type SqlExecutor } from '@pikaia/database';
import { checkContracts, contractOf, type Contract, type ContractClass } from '../contract/domain-event.js';
import type { ExactData } from '../contract/exact-data.js';
import { checkUpcasters } from '../contract/upcast.decorator.js';
import type { Envelope } from '../contract/envelope.js';
import { checkData } from './event-data.js';
import { eventSize, MAX_EVENT_BYTES } from './event-size.js';
import { findUnreadableText } from './event-text.js';
import { encodeChangeToken, tokenKeyMissing } from '../wait/change-token.js';
import { collectChanges, noteChange, noteChangeOf } from '../wait/change.collector.js';
import { EVENTS_OPTIONS, type EventsOptions } from './events.options.js';
import { OutboxWaker } from './outbox.waker.js';
import { insertEvent, insertEventThroughExecutor, insertValues } from './publish.sql.js';

/** The entity that an event is about. The contract declares the type of the aggregate. */
export interface Aggregate {
  /** Text that is not blank, a safe integer or a bigint, of at most 1,024 bytes as text. */
  readonly id: string | number | bigint;
  /** The organization that owns the aggregate. Default: the organization of the context. Null: no organization. */
  readonly organizationId?: string | null;
}

export interface PublishOptions {
  /** The transaction of code that does not use `@Transactional()`. The caller commits it or rolls it back. */
  readonly executor?: SqlExecutor;
}

/** A valid event, and what is stored of it. */
export interface PreparedEvent {
  readonly envelope: Envelope<object>;
  /** The JSON text of the envelope. */
  readonly text: string;
  /** Bytes, as `eventSize` counts them. */
  readonly size: number;
}

/** Publishes domain events. */
@Injectable()
export class Events {
  constructor(
    @Inject(EVENTS_OPTIONS) private readonly options: EventsOptions,
    @Inject(OutboxWaker) private readonly waker: Pick<OutboxWaker, 'wake'>,
  ) {
    checkContracts();
    checkUpcasters();
  }

  /**
   * Records an event in the current transaction. The event is delivered at least once if the transaction commits, and never if
   * it does not. The event is validated before anything is written, so the transaction stays usable after an error. It is sent
   * before the next statement of the transaction, or together with COMMIT. If the server refuses it, the transaction fails.
   *
   * Update the row of the aggregate, or select it `for update`, in the same transaction BEFORE you publish. Events of one
   * aggregate are delivered in the order of their positions, and the insert takes the position. The row lock makes two
   * transactions take their positions in the order in which they commit. Without it, a later change can be delivered first.
   *
   * @param contractClass a class with `@DomainEvent`.
   * @param aggregate the `id` of the aggregate, and its `organizationId` if that is not the organization of the context.
   * @param data the fields that the contract class declares, and no others. The compiler refuses unknown fields at any depth.
   * @param options `executor`: writes the event at once in the executor's transaction. The relay finds it by polling, and the check of
   * events against audit entries before a commit does not include it.
   * @returns the id of the event, a UUIDv7.
   * @throws PikaiaError
   * - `PIKAIA_EVENT_INVALID`: the data violates the contract, or JSON would change it.
   * - `PIKAIA_EVENT_AGGREGATE_INVALID`: the aggregate has no usable id, for example because its row is not saved yet.
   * - `PIKAIA_CONTEXT_INVALID`: an id of the context is not usable.
   * - `PIKAIA_EVENT_OUTSIDE_TRANSACTION`: no transaction is open. An executor is a pool, or an idle client.
   * - `PIKAIA_EXECUTOR_INVALID`: the executor has no usable `query`.
   * - `PIKAIA_EVENT_TOO_LARGE`: the event exceeds 256 KiB as sent.
   * - `PIKAIA_EVENT_TEXT_INVALID`: the event contains U+0000 or an unpaired surrogate.
   * - `PIKAIA_EVENT_CONTRACT_INVALID`: the class has no `@DomainEvent`.
   * - `PIKAIA_CONTEXT_MISSING`: the code runs outside a context.
   */
  async publish<Data extends object, Given extends object>(
    contractClass: ContractClass<Data>,
    aggregate: Aggregate,
    data: NoInfer<Data> & Given & ExactData<Data, Given>,
    options: PublishOptions = {},
  ): Promise<string> {
    const event = this.prepare(contractOf(contractClass), aggregate, data);
    await this.write(event, options);
    return event.envelope.event_id;
  }

  /** Writes an event in the transaction of the executor, or else in the running one. */
  protected async write({ envelope, text, size }: PreparedEvent, { executor }: PublishOptions): Promise<void> {
    const { event_type: type, aggregate_id: aggregateId } = envelope;
    const write = { call: `publish(${type})`, parameters: insertValues(envelope, size, text) };
    if (executor !== undefined && !isRunningTransaction(executor)) {
      await writeThroughExecutor(executor, { ...write, sql: insertEventThroughExecutor }, () => executorIsIdle(type));
      return noteChangeOf(executor);
    }
    const refusal = (): PikaiaError => outsideTransaction(type);
    writeWithCommit({ ...write, sql: insertEvent, record: { kind: 'event', name: type, aggregateId } }, refusal);
    noteChange(refusal);
    afterCommit(() => this.waker.wake());
  }

  /** Validates an event without writing it. */
  protected prepare(contract: Contract, aggregate: Aggregate, data: unknown): PreparedEvent {
    const envelope = this.envelopeOf(contract, aggregate, checkData(contract, data));
    const text = JSON.stringify(envelope);
    refuseUnreadableText(contract, envelope, text);
    const size = eventSize(contract, envelope, text);
    if (size > MAX_EVENT_BYTES) {
      throw new PikaiaError(
        'PIKAIA_EVENT_TOO_LARGE',
        `${contract.type} takes ${size} bytes as sent; the limit is ${MAX_EVENT_BYTES}. Store the content elsewhere and publish a reference to it.`,
      );
    }
    return { envelope, text, size };
  }

  /**
   * Runs `work` and returns its result with a token of the changes that it committed. `outbox.waitUntilSeen` waits until a consumer has
   * handled the events of these changes. The token is opaque and signed, so it can be given to a client. It contains no data of an
   * event. Its length grows by about 25 characters for each transaction with events.
   *
   * Call it around the method with `@Transactional()`, not inside it. Work that is not awaited is not included.
   *
   * @throws PikaiaError
   * - `PIKAIA_CHANGE_UNCOMMITTED`: the call is inside a transaction.
   * - `PIKAIA_CHANGE_TOKEN_KEY_MISSING`: `EventsModule` has no `tokenKey`.
   */
  async runWithToken<T>(work: () => Promise<T>): Promise<{ result: T; token: string }> {
    const { tokenKey } = this.options;
    if (tokenKey === undefined) throw tokenKeyMissing();
    const { result, changes } = await collectChanges(work);
    return { result, token: encodeChangeToken(changes, tokenKey) };
  }

  /** Builds the envelope, with its keys in the order of the wire format. */
  private envelopeOf(
    { type, version, aggregate: aggregateType }: Contract,
    aggregate: Aggregate,
    data: object,
  ): Envelope<object> {
    const { correlationId, causationId, organizationId, actor } = context.verified;
    const organization = aggregate?.organizationId === undefined ? organizationId : aggregate.organizationId;
    return {
      event_id: newId(),
      event_type: type,
      schema_version: version,
      occurred_at: this.options.clock.now().toISOString(),
      aggregate_type: aggregateType,
      aggregate_id: idText(type, 'id', aggregate?.id),
      organization_id: organization == null ? null : idText(type, 'organizationId', organization),
      correlation_id: correlationId,
      ...(causationId !== undefined && { causation_id: causationId }),
      actor: actor ? { type: actor.type, id: actor.id, ...(actor.email !== undefined && { email: actor.email }) } : null,
      data,
    };
  }
}

const outsideTransaction = (type: string): PikaiaError =>
  new PikaiaError(
    'PIKAIA_EVENT_OUTSIDE_TRANSACTION',
    `${type} was published outside a transaction, or by a promise that outlived its transaction. Add @Transactional() to the method that makes the change, and await every promise in it.`,
  );

const executorIsIdle = (type: string): PikaiaError =>
  new PikaiaError(
    'PIKAIA_EVENT_OUTSIDE_TRANSACTION',
    `${type} was published through an executor that has no open transaction: it is a pool or a data source, BEGIN was not sent, or the transaction has ended. Pass the client or manager in which the transaction is open, and await publish before you commit.`,
  );

const MAX_ID_BYTES = 1_024; // an index of the deliveries holds the id, and PostgreSQL limits its rows to 2,704 bytes

/** @throws PikaiaError `PIKAIA_EVENT_AGGREGATE_INVALID` */
function idText(type: string, property: 'id' | 'organizationId', id: unknown): string {
  const text = findIdProblem(id) === undefined ? String(id) : '';
  const bytes = Buffer.byteLength(text);
  if (bytes > 0 && bytes <= MAX_ID_BYTES) return text;
  const problem = findIdProblem(id) ?? `has ${bytes} bytes; the limit is ${MAX_ID_BYTES}`;
  const remedy =
    property === 'id'
      ? 'Save the row before you publish, or create its id with newId(). Pass an id object as text.'
      : 'Pass the id of a stored organization, or null for none.';
  throw new PikaiaError('PIKAIA_EVENT_AGGREGATE_INVALID', `${type}: the ${property} of the aggregate ${problem}. ${remedy}`);
}

const ESCAPED_UNREADABLE_TEXT = /\\u(0000|d[89a-f])/; // how JSON.stringify escapes such text; a cheap first test

function refuseUnreadableText(contract: Contract, envelope: Envelope, text: string): void {
  const field = ESCAPED_UNREADABLE_TEXT.test(text) ? findUnreadableText(envelope, '') : undefined;
  if (field === undefined) return;
  throw new PikaiaError(
    'PIKAIA_EVENT_TEXT_INVALID',
    `${contract.type}: ${field} contains U+0000 or an unpaired surrogate, which PostgreSQL cannot read back. Reject such text where it enters the system.`,
  );
}
