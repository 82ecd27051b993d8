import { Inject, Injectable } from '@nestjs/common';
import { context, newId, PikaiaError } from '@pikaia/core';
import { afterCommit, writeInTransaction } from '@pikaia/database';
import { contractOf, type Contract, type ContractClass } from '../contract/domain-event.js';
import type { Envelope } from '../contract/envelope.js';
import { checkData } from './event-data.js';
import { eventSize, MAX_EVENT_BYTES } from './event-size.js';
import { findUnreadableText } from './event-text.js';
import { EVENTS_OPTIONS, type EventsOptions } from './events.options.js';
import { OutboxWaker } from './outbox.waker.js';
import { insertEvent } from './publish.sql.js';

/** What an event is about. Its type is the contract's. */
export interface Aggregate {
  readonly id: string | number | bigint;
  /** Whose it is; default the context's organization, null for nobody's. */
  readonly organizationId?: string | null;
}

@Injectable()
export class Events {
  constructor(
    @Inject(EVENTS_OPTIONS) private readonly options: EventsOptions,
    private readonly waker: OutboxWaker,
  ) {}

  /**
   * Records an event in the running transaction: it is delivered, at least once, if and only if that commits. Checked
   * before anything is written: a refused event leaves the transaction usable.
   *
   * Change the aggregate's row, or select it `for update`, in the same transaction BEFORE publishing. Events of one
   * aggregate are delivered in the order of their positions, which are taken here; the row's lock is what makes two
   * transactions take theirs in the order in which they commit. Without it a later change can be delivered first.
   *
   * @param aggregate what it is about; `id` and, where it is not the context's, `organizationId`.
   * @param data what the contract's class declares, and nothing else.
   * @returns the event's id, a UUIDv7.
   * @throws PikaiaError `PIKAIA_EVENT_INVALID`, `PIKAIA_EVENT_OUTSIDE_TRANSACTION`, `PIKAIA_EVENT_TOO_LARGE` above 256 KiB as
   * sent, `PIKAIA_EVENT_TEXT_INVALID` for U+0000 or half a surrogate pair, `PIKAIA_EVENT_CONTRACT_INVALID`,
   * `PIKAIA_CONTEXT_MISSING`.
   */
  async publish<Data extends object>(declared: ContractClass<Data>, aggregate: Aggregate, data: Data): Promise<string> {
    const contract = contractOf(declared);
    const envelope = this.envelopeOf(contract, aggregate, checkData(contract, data));
    const text = JSON.stringify(envelope);
    refuseUnreadableText(contract, envelope, text);
    const size = eventSize(contract, envelope, text);
    if (size > MAX_EVENT_BYTES) {
      throw new PikaiaError(
        'PIKAIA_EVENT_TOO_LARGE',
        `${contract.type} would be sent as ${size} bytes; ${MAX_EVENT_BYTES} are allowed. Store the content elsewhere and publish where it is.`,
      );
    }
    await writeInTransaction(
      (manager) => {
        afterCommit(() => this.waker.wake());
        return manager.query(insertEvent, [
          envelope.event_id,
          envelope.event_type,
          envelope.schema_version,
          envelope.aggregate_type,
          envelope.aggregate_id,
          envelope.organization_id,
          envelope.correlation_id,
          envelope.occurred_at,
          size,
          text,
        ]);
      },
      () =>
        new PikaiaError(
          'PIKAIA_EVENT_OUTSIDE_TRANSACTION',
          `${contract.type} was published outside a transaction, or by a promise that outlived its transaction. Add @Transactional() to the method that makes the change, and await what it calls.`,
        ),
    );
    return envelope.event_id;
  }

  /** The keys in the order of the wire format. */
  private envelopeOf({ type, version, aggregate: aggregateType }: Contract, aggregate: Aggregate, data: object): Envelope {
    const { actor } = context;
    const organization = aggregate.organizationId === undefined ? context.organizationId : aggregate.organizationId;
    return {
      event_id: newId(),
      event_type: type,
      schema_version: version,
      occurred_at: this.options.clock.now().toISOString(),
      aggregate_type: aggregateType,
      aggregate_id: String(aggregate.id),
      organization_id: organization ?? null,
      correlation_id: context.correlationId,
      actor: actor ? { type: actor.type, id: actor.id, ...(actor.email !== undefined && { email: actor.email }) } : null,
      data,
    };
  }
}

const ESCAPED = /\\u(0000|d[89a-f])/; // how JSON.stringify writes what must not be there; a cheap look before the walk

function refuseUnreadableText(contract: Contract, envelope: Envelope, text: string): void {
  const field = ESCAPED.test(text) ? findUnreadableText(envelope, '') : undefined;
  if (field === undefined) return;
  throw new PikaiaError(
    'PIKAIA_EVENT_TEXT_INVALID',
    `${contract.type}: ${field} holds U+0000 or half a surrogate pair, which the database cannot read back. Refuse such text where it enters.`,
  );
}
