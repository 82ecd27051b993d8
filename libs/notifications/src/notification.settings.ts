import { Setting } from '@pikaia/core';
import { IsString, IsUrl, MinLength } from 'class-validator';
import { MailSettings } from './mail/mail.settings.js';

export class NotificationSettings extends MailSettings {
  @Setting('INVITATION_SECRET', { about: 'signs the tokens of invitation links; at least 32 characters', secret: true })
  @IsString()
  @MinLength(32)
  invitationSecret!: string;

  @Setting('PUBLIC_URL', {
    about: 'public URL of the application, the base of invitation links',
    default: 'http://localhost:3000',
  })
  @IsUrl({ require_tld: false, protocols: ['http', 'https'], require_protocol: true })
  publicUrl!: string;
}
