import { isProduction, OptionalField, Setting } from '@pikaia/core';
import { IsIn, IsInt, Matches, Max, Min, ValidateIf } from 'class-validator';

const EXAMPLE_SENDER = 'Pikaia <no-reply@pikaia.example>';
const ADDRESS_PATTERN = '[^\\s<>@",]+@[^\\s<>@",]+';
const SENDER_PATTERN = new RegExp(`^(${ADDRESS_PATTERN}|[^<>@\\r\\n"]+<${ADDRESS_PATTERN}>)$`);

/** Settings of email delivery. The AWS SDK finds SES credentials and region itself: environment, profile, task role. */
export class MailSettings {
  @Setting('MAIL_TRANSPORT', {
    about: 'how emails are sent: ses (Amazon SES) or file (PIKAIA_VAR/mail); default: ses in production, otherwise file',
  })
  @OptionalField()
  @IsIn(['ses', 'file'])
  mailTransport?: 'ses' | 'file';

  @Setting('MAIL_FROM', {
    about: 'sender of emails, such as Acme <no-reply@acme.example>; must be an identity verified in SES; required with ses',
  })
  @ValidateIf((settings: MailSettings) => settings.mailFrom !== undefined || settings.transport === 'ses')
  @Matches(SENDER_PATTERN, { message: '$property must be an address, or a name with an address in <>' })
  mailFrom?: string;

  @Setting('MAIL_TIMEOUT_MS', {
    about:
      'SES: timeout of one attempt in milliseconds; the email is then retried, and arrives twice if SES accepted it after all',
    default: '10000',
  })
  @IsInt()
  @Min(50)
  @Max(25_000) // less than the timeout of a handler, 30 seconds
  mailTimeoutMs!: number;

  @Setting('MAIL_CONFIGURATION_SET', {
    about: 'SES: the configuration set, which defines where bounces and complaints are reported',
  })
  @OptionalField()
  @Matches(/^[\w-]{1,64}$/, { message: '$property must be the name of a configuration set' })
  mailConfigurationSet?: string;

  get transport(): 'ses' | 'file' {
    return this.mailTransport ?? (isProduction() ? 'ses' : 'file');
  }

  get sender(): string {
    return this.mailFrom ?? EXAMPLE_SENDER;
  }
}
