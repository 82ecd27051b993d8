import { applyDecorators } from '@nestjs/common';
import { ConvertText, Description, isProduction, IsText, OptionalField, TextRule } from '@pikaia/core';
import {
  ALL_EVENT_TYPES,
  canonicalEndpointUrl,
  customerEventTypes,
  ENDPOINT_URL_LIMITS,
  endpointUrlProblem,
} from '@pikaia/webhooks';
import { ArrayMinSize, ArrayUnique, IsArray, IsIn } from 'class-validator';
import { IsIntegerBetween } from '../server/is-integer.js';
import { OptionalBody } from '../server/request.pipe.js';

const MAX_OVERLAP_HOURS = 7 * 24;
const STATUSES = ['enabled', 'disabled'] as const;

/** Accepts the URL of an endpoint in any spelling and converts it to the stored one. */
const IsEndpointUrl = (): PropertyDecorator =>
  applyDecorators(
    ConvertText(canonicalEndpointUrl),
    TextRule('isEndpointUrl', (value) => endpointUrlProblem(value, { isProduction: isProduction() }), [ENDPOINT_URL_LIMITS]),
  );

const IsEventTypeList = (): PropertyDecorator =>
  applyDecorators(
    IsArray(),
    ArrayMinSize(1),
    ArrayUnique(),
    IsIn([ALL_EVENT_TYPES, ...customerEventTypes().map(({ type }) => type)], {
      each: true,
      message: '$property must be types of GET /webhooks/event-types, or * alone',
    }),
  );

export class CreateWebhookEndpointRequest {
  @Description('The URL. It begins with `https://`, and its host is public.')
  @IsEndpointUrl()
  url!: string;

  @Description('What the endpoint is for.')
  @OptionalField()
  @IsText({ max: 200 })
  description: string = '';

  @Description('The types of events to send. `*` stands for all types, also later ones.')
  @OptionalField()
  @IsEventTypeList()
  event_types: string[] = [ALL_EVENT_TYPES];
}

export class UpdateWebhookEndpointRequest {
  @Description('The new URL.')
  @OptionalField()
  @IsEndpointUrl()
  url?: string;

  @Description('The new description. Can be empty.')
  @OptionalField()
  @IsText({ max: 200 })
  description?: string;

  @Description('The new types of events.')
  @OptionalField()
  @IsEventTypeList()
  event_types?: string[];

  @Description('`enabled` also ends the state of an endpoint that was disabled because it failed.')
  @OptionalField()
  @IsIn(STATUSES)
  status?: (typeof STATUSES)[number];
}

@OptionalBody()
export class RotateSecretRequest {
  @Description('The hours for which the replaced secrets still sign. 0 ends them at once.')
  @OptionalField()
  @IsIntegerBetween(0, MAX_OVERLAP_HOURS)
  overlap_hours: number = 24;
}
