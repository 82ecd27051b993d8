import { SendEmailCommand, SESv2Client } from '@aws-sdk/client-sesv2';
import { getLogger } from '@pikaia/logging';
import { createTransport } from 'nodemailer';
import type { MailSettings } from './mail.settings.js';
import type { Mail, Mailer } from './mailer.js';
import { toMailError } from './ses.errors.js';

const logger = getLogger('mail');

/**
 * Sends emails through Amazon SES. SES has no idempotency key, so an email can be sent twice around a timeout or a kill.
 * The SDK does not retry, because the caller retries and checks its receipts first.
 */
export class SesMailer implements Mailer {
  private readonly client: SESv2Client;
  private readonly transport;

  constructor(private readonly settings: Pick<MailSettings, 'sender' | 'mailTimeoutMs' | 'mailConfigurationSet'>) {
    const connectionTimeout = settings.mailTimeoutMs;
    this.client = new SESv2Client({ maxAttempts: 1, requestHandler: { connectionTimeout } });
    const clientWithTimeout = {
      config: this.client.config,
      send: (command: SendEmailCommand) =>
        this.client.send(command, { abortSignal: AbortSignal.timeout(settings.mailTimeoutMs) }),
    };
    this.transport = createTransport({ SES: { sesClient: clientWithTimeout as never, SendEmailCommand } });
  }

  async send({ id, to, subject, text, html, correlationId }: Mail): Promise<{ messageId: string }> {
    const { mailConfigurationSet } = this.settings;
    try {
      const { messageId } = await this.transport.sendMail({
        from: this.settings.sender,
        to: { name: to.name ?? '', address: to.address },
        subject,
        text,
        html,
        headers: { 'X-Correlation-ID': correlationId },
        ses: {
          // SES adds these tags to its reports of bounces and complaints.
          EmailTags: [
            { Name: 'mail_id', Value: id },
            { Name: 'correlation_id', Value: correlationId },
          ],
          ...(mailConfigurationSet !== undefined && { ConfigurationSetName: mailConfigurationSet }),
        },
      });
      logger.debug('mail_accepted', { 'message.id': messageId });
      return { messageId };
    } catch (error) {
      throw toMailError(error);
    }
  }

  close(): void {
    this.client.destroy();
  }
}
