import { NotificationSettings, NotificationsModule, WelcomeEmail } from '@pikaia/notifications';
import { WebhookFanOut } from '@pikaia/webhooks';
import { join } from 'node:path';
import { BillingDashboard } from './billing-dashboard/billing-dashboard.consumer.js';
import { deploy, type DeployedConsumer } from './deployed-consumer.js';
import { PermissionsCache } from './permissions-cache/permissions-cache.consumer.js';

/**
 * All consumers of the example. To add one, write its class and add a line here. To move one between the worker and a Lambda, change
 * `runsIn`. The worker, the bundles of the Lambdas, and the rules, queues, functions and alarms of the stacks follow from this list.
 */
export const CONSUMERS: readonly DeployedConsumer[] = [
  deploy(WelcomeEmail, {
    runsIn: 'lambda',
    settings: NotificationSettings,
    createModule: (settings, directory) => NotificationsModule.forRoot({ settings, mailDirectory: join(directory, 'mail') }),
  }),
  deploy(PermissionsCache, { runsIn: 'worker' }),
  deploy(BillingDashboard, { runsIn: 'worker' }),
  deploy(WebhookFanOut, { runsIn: 'worker' }),
];
