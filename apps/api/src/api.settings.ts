import { isProduction, Setting, type loadSettings } from '@pikaia/core';
import { WebhookSettings } from '@pikaia/webhooks';
import { IsInt, IsString, Max, Min, MinLength, ValidateIf } from 'class-validator';
import { SessionSettings } from './authentication/session.settings.js';
import { StripeSettings } from './billing/stripe.settings.js';
import { ConsoleSettings } from './console/console.settings.js';
import { IdentitySettings } from './identity/identity.settings.js';
import { ServerSettings } from './server/server.settings.js';

// For development only: a fixed key keeps cursors valid across restarts.
const DEVELOPMENT_CURSOR_KEY = 'pikaia development cursor key: not a secret';
// For development only: a process that has no invitations to verify needs no secret.
const DEVELOPMENT_INVITATION_KEY = 'pikaia development invitation key: not a secret';

/** The settings that several modules of the api use. */
export class ApiSettings {
  @Setting('PORT', { about: 'port on which the API listens', default: '3000' })
  @IsInt()
  @Min(0)
  @Max(65_535)
  port!: number;

  @Setting('TRUSTED_PROXIES', {
    about: 'number of proxies before the API, or their networks (10.0.0.0/8,fd00::/8)',
    default: '0',
  })
  @IsString()
  trustedProxies!: string;

  @Setting('PIKAIA_VAR', { about: 'folder of keys, emails and log files in development', default: 'var' })
  @IsString()
  varDirectory!: string;

  @Setting('CURSOR_SECRET', {
    about: 'signs the cursors of lists; the same in all processes, at least 32 characters; required in production',
    secret: true,
  })
  @ValidateIf((settings: ApiSettings) => settings.cursorSecret !== undefined || isProduction())
  @IsString()
  @MinLength(32)
  cursorSecret?: string;

  @Setting('INVITATION_SECRET', {
    about:
      'signs the tokens of invitation links; the same in the api, the worker and the consumers, at least 32 characters; required in production',
    secret: true,
  })
  @ValidateIf((settings: ApiSettings) => settings.invitationSecret !== undefined || isProduction())
  @IsString()
  @MinLength(32)
  invitationSecret?: string;

  get invitationKey(): string {
    return this.invitationSecret ?? DEVELOPMENT_INVITATION_KEY;
  }

  get cursorKey(): string {
    return this.cursorSecret ?? DEVELOPMENT_CURSOR_KEY;
  }
}

/** All settings classes of the api, besides those of the libraries. A module injects the class that it needs. */
export const API_SETTINGS = [
  ApiSettings,
  ServerSettings,
  SessionSettings,
  IdentitySettings,
  StripeSettings,
  WebhookSettings,
  ConsoleSettings,
] as const;

/** The settings of these classes, in this order. */
export type LoadedApiSettings = ReturnType<typeof loadSettings<typeof API_SETTINGS>>;
