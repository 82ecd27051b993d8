import { Description, IsTimestamp, OptionalField } from '@pikaia/events';
import { IsBoolean, IsInt, IsString, MaxLength, Min } from 'class-validator';

/** The state of a subscription after an event. Each event has all of it, so a consumer needs no other event. */
export abstract class SubscriptionState {
  @Description('The id of the subscription at Stripe.')
  @IsString()
  @MaxLength(255)
  provider_id!: string;

  @Description('The status in the words of Stripe, such as active or past_due.')
  @IsString()
  @MaxLength(100)
  status!: string;

  @Description('The id of the price at Stripe. If the subscription has several items, that of the first.')
  @IsString()
  @MaxLength(255)
  price_id!: string;

  @Description('Absent if usage is metered.')
  @OptionalField()
  @IsInt()
  @Min(0)
  quantity?: number;

  @OptionalField()
  @IsTimestamp()
  current_period_start?: string;

  @OptionalField()
  @IsTimestamp()
  current_period_end?: string;

  @Description('True if the subscription ends with the current period.')
  @IsBoolean()
  cancel_at_period_end!: boolean;
}
