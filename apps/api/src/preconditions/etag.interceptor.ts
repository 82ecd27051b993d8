import {
  type CallHandler,
  type ExecutionContext,
  HttpStatus,
  Injectable,
  type NestInterceptor,
  SetMetadata,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';
import { Problem } from '../errors/problem.js';
import { etagOf, matchesStrongly, matchesWeakly, parseEntityTags } from './entity-tags.js';
import { preconditions } from './preconditions.js';

export const HAS_ETAG = 'pikaia.has-etag';

/**
 * Declares that the route reads, changes or removes a resource with an ETag. A returned representation gets an `ETag`. A route
 * that reads honours `If-None-Match` and `If-Match`. The service of a route that changes the resource calls `checkPreconditions`.
 */
export const HasETag = (): MethodDecorator => SetMetadata(HAS_ETAG, true);

/**
 * Sends and compares entity tags. A request with `If-Match` that changes a resource without an ETag is refused, because nothing
 * would compare the tag.
 */
@Injectable()
export class ETagInterceptor implements NestInterceptor {
  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = execution.switchToHttp();
    const { headers, method } = http.getRequest<FastifyRequest>();
    const isRead = method === 'GET' || method === 'HEAD';
    const ifMatch = headers['if-match'] === undefined ? undefined : parseEntityTags('If-Match', headers['if-match']);
    if (!Reflect.hasMetadata(HAS_ETAG, execution.getHandler())) {
      if (ifMatch !== undefined && ifMatch !== '*' && !isRead) throw Problem.preconditionFailed();
      return next.handle();
    }
    const noneMatch = headers['if-none-match'];
    const ifNoneMatch = noneMatch === undefined ? undefined : parseEntityTags('If-None-Match', noneMatch);
    if (!isRead) Object.assign(preconditions.getOrCreate()!, { ifMatch, ifNoneMatch });
    return next.handle().pipe(
      map((representation: object | undefined) => {
        if (representation === undefined) return undefined;
        const etag = etagOf(representation);
        const reply = http.getResponse<FastifyReply>().header('etag', etag);
        if (!isRead) return representation;
        if (ifMatch !== undefined && !matchesStrongly(ifMatch, etag)) throw Problem.preconditionFailed(etag);
        if (ifNoneMatch === undefined || !matchesWeakly(ifNoneMatch, etag)) return representation;
        void reply.status(HttpStatus.NOT_MODIFIED);
        return method === 'HEAD' ? representation : undefined; // Fastify sends only its Content-Length, which must not be 0
      }),
    );
  }
}
