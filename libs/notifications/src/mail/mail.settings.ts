import { Setting } from '@pikaia/core';
import { IsIn, IsInt, IsOptional, Matches, Max, Min, ValidateIf } from 'class-validator';

const EXAMPLE_SENDER = 'Pikaia <no-reply@pikaia.example>';
const ADDRESS = '[^\\s<>@",]+@[^\\s<>@",]+';
const SENDER = new RegExp(`^(${ADDRESS}|[^<>@\\r\\n"]+<${ADDRESS}>)$`);

/** How letters go out. Credentials and region of SES come from the SDK's own chain: environment, profile, role of the task. */
export class MailSettings {
  @Setting('MAIL_TRANSPORT', {
    about: 'where letters go: ses (Amazon SES) or file (PIKAIA_VAR/mail); when absent ses in production and file elsewhere',
  })
  @IsOptional()
  @IsIn(['ses', 'file'])
  mailTransport?: 'ses' | 'file';

  @Setting('MAIL_FROM', {
    about: 'sender of letters, as Acme <no-reply@acme.example>: an identity that SES has verified; required with ses',
  })
  @ValidateIf((settings: MailSettings) => settings.mailFrom !== undefined || settings.transport === 'ses')
  @Matches(SENDER, { message: '$property must be an address, or a name with an address in <>' })
  mailFrom?: string;

  @Setting('MAIL_TIMEOUT_MS', {
    about: 'SES: milliseconds after which a letter is given up for now: SES may have it all the same, and it is sent again',
    default: '10000',
  })
  @IsInt()
  @Min(50)
  @Max(25_000) // a handler has 30 seconds
  mailTimeoutMs!: number;

  @Setting('MAIL_CONFIGURATION_SET', {
    about: 'SES: the configuration set, which says where bounces and complaints are reported',
  })
  @IsOptional()
  @Matches(/^[\w-]{1,64}$/, { message: '$property must be the name of a configuration set' })
  mailConfigurationSet?: string;

  get transport(): 'ses' | 'file' {
    return this.mailTransport ?? (process.env['NODE_ENV'] === 'production' ? 'ses' : 'file');
  }

  get sender(): string {
    return this.mailFrom ?? EXAMPLE_SENDER;
  }
}
