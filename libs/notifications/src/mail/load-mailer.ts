import { FileMailer } from './file.mailer.js';
import type { MailSettings } from './mail.settings.js';
import type { Mailer } from './mailer.js';

/** Creates the mailer that the settings select. Loads the AWS SDK only for SES. */
export async function loadMailer(settings: MailSettings, directory: string): Promise<Mailer> {
  if (settings.transport === 'file') return new FileMailer(directory, settings.sender);
  const { SesMailer } = await import('./ses.mailer.js');
  return new SesMailer(settings);
}
