import { getLogger } from '@pikaia/logging';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import type { Mail, Mailer } from './mailer.js';

const logger = getLogger('mail');

/** Writes emails to files, for development. The file name is the id of the email, so a repeated email replaces its file. */
export class FileMailer implements Mailer {
  private readonly transport = createTransport({ streamTransport: true, buffer: true, newline: 'windows' });

  constructor(
    private readonly directory: string,
    private readonly sender: string,
  ) {}

  async send({ id, to, subject, text, html, correlationId }: Mail): Promise<{ messageId: string }> {
    const { message, messageId } = await this.transport.sendMail({
      messageId: `<${id}@pikaia.example>`,
      from: this.sender,
      to: { name: to.name ?? '', address: to.address },
      subject,
      text,
      html,
      headers: { 'X-Correlation-ID': correlationId },
    });
    await mkdir(this.directory, { recursive: true });
    const file = join(this.directory, `${id}.eml`);
    await writeFile(`${file}.new`, message as Buffer);
    await rename(`${file}.new`, file); // atomic: readers never see a partial file
    logger.info('mail_written', { file });
    return { messageId };
  }
}
