export { FileMailer } from './mail/file.mailer.js';
export { MailSettings } from './mail/mail.settings.js';
export { MAILER, type Mail, type Mailer } from './mail/mailer.js';
export { NotificationSettings } from './notification.settings.js';
export { NotificationsModule, type NotificationsModuleOptions } from './notifications.module.js';
export { signInvitation, verifyInvitation, type Invitation } from './welcome-email/invitation-token.js';
export { WelcomeEmail } from './welcome-email/welcome-email.consumer.js';
