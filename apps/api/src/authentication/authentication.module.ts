import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { join } from 'node:path';
import { ApiSettings } from '../api.settings.js';
import { AuthenticationGuard } from './authentication.guard.js';
import { DevelopmentSessionVerifier } from './development-session.verifier.js';
import { IdentityRepository } from './identity.repository.js';
import { SESSION_VERIFIER } from './session-verifier.js';

@Module({
  providers: [
    IdentityRepository,
    {
      provide: SESSION_VERIFIER,
      inject: [ApiSettings],
      useFactory: (settings: ApiSettings) => DevelopmentSessionVerifier.create(join(settings.varDirectory, 'keys')),
    },
    { provide: APP_GUARD, useClass: AuthenticationGuard },
  ],
})
export class AuthenticationModule {}
