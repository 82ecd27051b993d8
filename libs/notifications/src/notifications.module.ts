import { ConfigurableModuleBuilder, Module } from '@nestjs/common';
import { loadMailer } from './mail/load-mailer.js';
import { MAILER } from './mail/mailer.js';
import { NotificationSettings } from './notification.settings.js';
import { WelcomeEmail } from './welcome-email/welcome-email.consumer.js';

export interface NotificationsModuleOptions {
  readonly settings: NotificationSettings;
  /** Folder to which MAIL_TRANSPORT=file writes emails. */
  readonly mailDirectory: string;
}

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<NotificationsModuleOptions>()
  .setClassMethodName('forRoot')
  .build();

/** The consumers that notify people of events. */
@Module({
  providers: [
    {
      provide: NotificationSettings,
      inject: [MODULE_OPTIONS_TOKEN],
      useFactory: ({ settings }: NotificationsModuleOptions) => settings,
    },
    {
      provide: MAILER,
      inject: [MODULE_OPTIONS_TOKEN],
      useFactory: ({ settings, mailDirectory }: NotificationsModuleOptions) => loadMailer(settings, mailDirectory),
    },
    WelcomeEmail,
  ],
  exports: [WelcomeEmail],
})
export class NotificationsModule extends ConfigurableModuleClass {}
