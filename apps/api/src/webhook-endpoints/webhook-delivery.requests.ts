import { Description, IsText, IsTimestamp, OptionalField } from '@pikaia/core';
import { IsIn } from 'class-validator';
import { PageRequest } from '../server/page.request.js';

export const DELIVERY_STATUSES = ['pending', 'delivered', 'failed', 'canceled'] as const;

/** Filters of the deliveries of an endpoint. */
export class FindDeliveriesRequest extends PageRequest {
  @Description('The status of the delivery.')
  @OptionalField()
  @IsIn(DELIVERY_STATUSES)
  status?: (typeof DELIVERY_STATUSES)[number];

  @Description('The type of the event.')
  @OptionalField()
  @IsText({ min: 1, max: 200 })
  event_type?: string;
}

export class RecoverRequest {
  @Description('The earliest time of the deliveries, with a time zone.')
  @IsTimestamp()
  since!: string;
}
