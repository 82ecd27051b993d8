import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { Audit } from '@pikaia/audit';
import { getLogger } from '@pikaia/logging';
import { SecretCipher } from '@pikaia/webhooks';
import type { FastifyReply } from 'fastify';
import { from, lastValueFrom, type Observable } from 'rxjs';
import type { AuthenticatedRequest } from '../authentication/access.js';
import { ENDPOINT, type EndpointDescription } from '../openapi/endpoint.decorator.js';
import { toProblem } from '../errors/problem.filter.js';
import { type StoredResponse, responseOf, responseOfProblem, prepareReply } from './stored-response.js';
import { type KeyedRequest, keyedRequestOf } from './keyed-request.js';
import { IdempotencyKeys } from './idempotency-keys.js';
import { seal, SEALED, unseal } from './sealed-response.js';

const logger = getLogger('idempotency');

export const REPLAYED_HEADER = 'idempotent-replayed';
const UNSTORED_STATUSES: ReadonlySet<number> = new Set([401, 429]);

/**
 * Makes a mutating request with the header `Idempotency-Key` take effect once. Its response is stored in the transaction of its
 * change. A repeat gets the stored response and the header `Idempotent-Replayed: true`.
 *
 * A request that fails is rolled back, and its response is then stored in a separate transaction. A response of 401, 429 or 5xx
 * is not stored, so that a repeat is processed again. Requests without the header pass through. The responses of a route with
 * `@SealedResponse()` are stored encrypted.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(
    private readonly keys: IdempotencyKeys,
    private readonly audit: Audit,
    private readonly cipher: SecretCipher,
  ) {}

  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = execution.switchToHttp();
    const endpoint = Reflect.getMetadata(ENDPOINT, execution.getHandler()) as EndpointDescription | undefined;
    if (endpoint?.reads) return next.handle(); // its response can have personal data, and a repeat changes nothing
    const request = keyedRequestOf(http.getRequest<AuthenticatedRequest>());
    if (!request) return next.handle();
    const isSealed = Reflect.hasMetadata(SEALED, execution.getHandler());
    return from(this.respond(request, http.getResponse<FastifyReply>(), next, isSealed));
  }

  private async respond(request: KeyedRequest, reply: FastifyReply, next: CallHandler, isSealed: boolean): Promise<unknown> {
    const initial = reply.getHeaders();
    let isClaimed = false;
    const handle = async (): Promise<StoredResponse> => {
      isClaimed = true;
      const response = responseOf(reply, initial, await lastValueFrom(next.handle(), { defaultValue: undefined }));
      return isSealed ? seal(response, request.id, this.cipher) : response;
    };
    const outcome = await this.keys.findOrStore(request, handle).catch(async (error: unknown) => {
      const problem = toProblem(error);
      if (!isClaimed || problem.status >= 500 || UNSTORED_STATUSES.has(problem.status)) throw error;
      // The rollback has released the lock. Another request may have been processed since: then its response is that of the key.
      const stored = await this.keys.findOrStore(request, async () => responseOfProblem(problem));
      if (stored.original !== undefined) return stored;
      throw error;
    });
    const { response, original } = outcome;
    if (original !== undefined) {
      void reply.header(REPLAYED_HEADER, 'true');
      this.audit.nothingToRecord('replayed');
      logger.info('request_replayed', { 'replayed.trace_id': original, 'replayed.status_code': response.status });
    }
    return prepareReply(reply, isSealed ? unseal(response, request.id, this.cipher) : response);
  }
}
