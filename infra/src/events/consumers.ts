import { describeConsumer, type ConsumerDescription } from '@pikaia/events';
import { WelcomeEmail } from '@pikaia/notifications';

export interface DeployedConsumer extends ConsumerDescription {
  /** Whether the function may send email. */
  readonly sendsMail: boolean;
}

/**
 * The deployed consumers. Each gets a rule, a queue, a dead-letter queue and a function. The code of the function is the bundle
 * of that name in apps/consumers. The class of the consumer declares the events that it handles.
 */
export const CONSUMERS: readonly DeployedConsumer[] = [{ ...describeConsumer(WelcomeEmail), sendsMail: true }];
