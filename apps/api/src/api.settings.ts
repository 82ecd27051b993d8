import { Setting } from '@pikaia/core';
import { IsInt, IsString, Max, Min, MinLength, ValidateIf } from 'class-validator';
import { ServerSettings } from './server/server.settings.js';

// For development only: a fixed key keeps cursors valid across restarts.
const DEVELOPMENT_CURSOR_KEY = 'pikaia development cursor key: not a secret';

export class ApiSettings extends ServerSettings {
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
  @ValidateIf((settings: ApiSettings) => settings.cursorSecret !== undefined || process.env['NODE_ENV'] === 'production')
  @IsString()
  @MinLength(32)
  cursorSecret?: string;

  get cursorKey(): string {
    return this.cursorSecret ?? DEVELOPMENT_CURSOR_KEY;
  }
}
