import { Optional } from '@nestjs/common';
import { OrganizationDeleted } from '@pikaia/contracts';
import { newId } from '@pikaia/core';
import { afterCommit, currentManager } from '@pikaia/database';
import { Consumer, Handles, type EventOf } from '@pikaia/events';
import { CUSTOMER_EVENTS } from './customer-events.js';
import { DeliverySignal } from './delivery.signal.js';
import { CANCEL_DELIVERIES_OF_ORGANIZATION, FIND_ENDPOINTS, INSERT_DELIVERIES } from './deliveries.sql.js';
import { payloadOf } from './payload.js';

type FanOut = (event: EventOf<object>) => Promise<void>;

const HandlesCustomerEvents =
  () =>
  (prototype: object, method: string, descriptor: TypedPropertyDescriptor<FanOut>): void => {
    for (const contract of CUSTOMER_EVENTS) Handles(contract, { effect: 'database' })(prototype, method, descriptor);
  };

/**
 * Stores one delivery of an event for each webhook endpoint of its organization that wants the event. The deliveries commit with the
 * receipt, and the loop of the worker sends them.
 *
 * An endpoint gets an event once, also after a replay. It gets no event that is older than the endpoint, and none that arrives here
 * while it is disabled.
 */
@Consumer('webhook-fan-out', { from: 'beginning' })
export class WebhookFanOut {
  constructor(@Optional() private readonly signal?: DeliverySignal) {}

  @HandlesCustomerEvents()
  async storeDeliveries(event: EventOf<object>): Promise<void> {
    const { organization_id: organizationId, event_type: type, sequence, event_id: eventId } = event;
    if (organizationId === null) return;
    const endpoints = await currentManager().query<{ id: string }[]>(FIND_ENDPOINTS, [organizationId, type, sequence]);
    if (endpoints.length === 0) return;
    await currentManager().query(INSERT_DELIVERIES, [
      endpoints.map(() => newId()),
      endpoints.map(({ id }) => id),
      organizationId,
      eventId,
      type,
      event.schema_version,
      event.correlation_id,
      payloadOf(event),
    ]);
    afterCommit(() => this.signal?.notify());
  }

  /** Endpoints of a deleted organization get no events any more. A delivery that is in flight meanwhile can still arrive. */
  @Handles(OrganizationDeleted, { effect: 'database' })
  async cancelDeliveries({ aggregate_id: organizationId }: EventOf<OrganizationDeleted>): Promise<void> {
    await currentManager().query(CANCEL_DELIVERIES_OF_ORGANIZATION, [organizationId]);
  }
}
