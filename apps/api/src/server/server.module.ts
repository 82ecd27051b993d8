import { Global, Module } from '@nestjs/common';
import { APP_FILTER, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { SecretCipher, WebhookSettings } from '@pikaia/webhooks';
import { ApiSettings } from '../api.settings.js';
import { ProblemFilter } from '../errors/problem.filter.js';
import { ExpiredKeys } from '../idempotency/expired-keys.js';
import { IdempotencyInterceptor } from '../idempotency/idempotency.interceptor.js';
import { IdempotencyKeys } from '../idempotency/idempotency-keys.js';
import { ETagInterceptor } from '../preconditions/etag.interceptor.js';
import { ChangeTokenInterceptor } from './change-token.interceptor.js';
import { InFlightInterceptor } from './in-flight.interceptor.js';
import { CURSOR_KEY, PageCursor } from './page.cursor.js';
import { RequestPipe } from './request.pipe.js';

/** Provides validation, problem details, the in-flight counter, change tokens, idempotency, ETags and signed cursors to all routes. */
@Global()
@Module({
  providers: [
    InFlightInterceptor,
    PageCursor,
    { provide: CURSOR_KEY, inject: [ApiSettings], useFactory: (settings: ApiSettings) => settings.cursorKey },
    { provide: APP_FILTER, useClass: ProblemFilter },
    { provide: APP_PIPE, useClass: RequestPipe },
    { provide: APP_INTERCEPTOR, useExisting: InFlightInterceptor },
    { provide: APP_INTERCEPTOR, useClass: ChangeTokenInterceptor },
    // Inside ChangeTokenInterceptor, which runs outside the transaction that this one opens.
    { provide: APP_INTERCEPTOR, useClass: IdempotencyInterceptor },
    { provide: APP_INTERCEPTOR, useClass: ETagInterceptor }, // inside, so that its responses are stored as well
    IdempotencyKeys,
    {
      provide: SecretCipher,
      inject: [WebhookSettings],
      useFactory: ({ secretKeys }: WebhookSettings) => new SecretCipher(secretKeys),
    },
    ExpiredKeys,
  ],
  exports: [InFlightInterceptor, PageCursor, SecretCipher],
})
export class ServerModule {}
