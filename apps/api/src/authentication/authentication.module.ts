import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ApiSettings } from '../api.settings.js';
import { RateLimitsModule } from '../rate-limits/rate-limits.module.js';
import { AuthenticationGuard } from './authentication.guard.js';
import { IdentityRepository } from './identity.repository.js';
import { createSessionVerifier } from './create-session-verifier.js';
import { SessionSettings } from './session.settings.js';
import { SESSION_VERIFIER } from './session-verifier.js';

@Module({
  imports: [RateLimitsModule],
  providers: [
    IdentityRepository,
    { provide: SESSION_VERIFIER, inject: [SessionSettings, ApiSettings], useFactory: createSessionVerifier },
    { provide: APP_GUARD, useClass: AuthenticationGuard },
  ],
})
export class AuthenticationModule {}
