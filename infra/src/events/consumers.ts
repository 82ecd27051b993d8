import { describeConsumer, type ConsumerDescription } from '@pikaia/events';
import { WelcomeEmail } from '@pikaia/notifications';

export interface DeployedConsumer extends ConsumerDescription {
  /** Whether it may send letters. */
  readonly sendsMail: boolean;
}

/**
 * Each gets a rule, a queue, a queue of dead letters and a function. The function's code is the bundle of its name in
 * apps/consumers; what it handles is what its class declares.
 */
export const CONSUMERS: readonly DeployedConsumer[] = [{ ...describeConsumer(WelcomeEmail), sendsMail: true }];
