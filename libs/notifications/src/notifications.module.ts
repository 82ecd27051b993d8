import { type DynamicModule, Module } from '@nestjs/common';
import { loadMailer } from './mail/load-mailer.js';
import { MAILER } from './mail/mailer.js';
import { NotificationSettings } from './notification.settings.js';
import { WelcomeEmail } from './welcome-email/welcome-email.consumer.js';

export interface NotificationsModuleOptions {
  readonly settings: NotificationSettings;
  /** Folder to which MAIL_TRANSPORT=file writes emails. */
  readonly mailDirectory: string;
}

/** The consumers that notify people of events. */
@Module({})
export class NotificationsModule {
  static forRoot({ settings, mailDirectory }: NotificationsModuleOptions): DynamicModule {
    return {
      module: NotificationsModule,
      providers: [
        { provide: NotificationSettings, useValue: settings },
        { provide: MAILER, useFactory: () => loadMailer(settings, mailDirectory) },
        WelcomeEmail,
      ],
      exports: [WelcomeEmail],
    };
  }
}
