import { PikaiaError } from '@pikaia/core';
import { currentManager } from '@pikaia/database';
import { defineConsumers } from '../consume/consumer.definition.js';
import { ConsumerRunner, type IncomingEvent } from '../consume/consumer.runner.js';
import { Receipts } from '../consume/receipts.js';
import type { Envelope } from '../contract/envelope.js';

/** Loses the receipt of an external effect, as a process does that is killed between the effect and its receipt. */
class LosingReceipts extends Receipts {
  override async aroundEffect(...[, , work]: Parameters<Receipts['aroundEffect']>): Promise<boolean> {
    await work();
    return true;
  }
}

/**
 * Delivers an event to a consumer twice, as can happen around a crash, with the database of the application under test. A handler with a
 * `database` effect is called once, because its receipt commits with it. A handler with an `external` effect is called twice, because the
 * process may be killed before its receipt is written. Assert afterwards that the effect exists once.
 *
 * @param consumer the instance, such as `app.get(WelcomeEmail)`.
 * @param event a captured event, or one of `createEvent`.
 * @throws PikaiaError `PIKAIA_CONSUMER_INVALID` if the consumer does not handle the event.
 * @throws the error of the handler.
 */
export async function deliverTwice(consumer: object, event: Envelope<object>): Promise<void> {
  const [definition] = defineConsumers([consumer]);
  if (!definition?.routeOf(event.event_type, event.schema_version))
    throw new PikaiaError(
      'PIKAIA_CONSUMER_INVALID',
      `deliverTwice: ${consumer.constructor.name} has no handler for ${event.event_type} version ${event.schema_version}.`,
    );
  const incoming: IncomingEvent = {
    position: '0',
    eventId: event.event_id,
    eventType: event.event_type,
    schemaVersion: event.schema_version,
    organizationId: event.organization_id,
    correlationId: event.correlation_id,
    payload: JSON.stringify(event),
    attempt: 1,
  };
  const { dataSource } = currentManager();
  for (const ReceiptsOfDelivery of [LosingReceipts, Receipts])
    await new ConsumerRunner(definition, new ReceiptsOfDelivery(dataSource)).run(incoming);
}
