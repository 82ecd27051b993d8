import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { Events } from '@pikaia/events';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { REPLAYED_HEADER } from '../idempotency/idempotency.interceptor.js';

const PREFERENCE = 'change-token';

/**
 * Returns the token of the changes of a request in `X-Change-Token`, if the request has the header `Prefer: change-token` (RFC 7240).
 * A later request passes it on to wait until a consumer has seen these changes. A replayed response has no token, because its request
 * changes nothing.
 */
@Injectable()
export class ChangeTokenInterceptor implements NestInterceptor {
  constructor(private readonly events: Events) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const { prefer } = http.getRequest<FastifyRequest>().headers;
    const preferences = [prefer ?? []].flat().flatMap((list) => list.split(','));
    if (!preferences.some((one) => one.trim().toLowerCase() === PREFERENCE)) return next.handle();
    return from(this.handle(next, http.getResponse<FastifyReply>()));
  }

  private async handle(next: CallHandler, reply: FastifyReply): Promise<unknown> {
    const { result, token } = await this.events.runWithToken(() => lastValueFrom(next.handle(), { defaultValue: undefined }));
    if (!reply.hasHeader(REPLAYED_HEADER)) void reply.headers({ 'x-change-token': token, 'preference-applied': PREFERENCE });
    return result;
  }
}
