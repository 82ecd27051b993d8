import { NotificationSettings, NotificationsModule, WelcomeEmail } from '@pikaia/notifications';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { consumerLambda } from './consumer.lambda.js';

export const handler = await consumerLambda({
  consumer: WelcomeEmail,
  settings: NotificationSettings,
  imports: (settings) => [NotificationsModule.forRoot({ settings, mailDirectory: join(tmpdir(), 'mail') })],
});
