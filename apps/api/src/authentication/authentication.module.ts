import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ApiSettings } from '../api.settings.js';
import { RateLimitsModule } from '../rate-limits/rate-limits.module.js';
import { AuthenticationGuard } from './authentication.guard.js';
import { IdentityRepository } from './identity.repository.js';
import { createSessionVerifier } from './create-session-verifier.js';
import { SessionCookie } from './session-cookie.js';
import { SessionSettings } from './session.settings.js';
import { SESSION_VERIFIER } from './session-verifier.js';

@Module({
  imports: [RateLimitsModule],
  providers: [
    IdentityRepository,
    SessionCookie,
    { provide: SESSION_VERIFIER, inject: [SessionSettings, ApiSettings], useFactory: createSessionVerifier },
    { provide: APP_GUARD, useClass: AuthenticationGuard },
  ],
  exports: [SESSION_VERIFIER, SessionCookie],
})
export class AuthenticationModule {}
