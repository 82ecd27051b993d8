import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { Audit } from '@pikaia/audit';
import { getLogger } from '@pikaia/logging';
import type { FastifyReply } from 'fastify';
import { from, lastValueFrom, type Observable } from 'rxjs';
import type { AuthenticatedRequest } from '../authentication/access.js';
import { toProblem } from '../errors/problem.filter.js';
import { type Answer, answerOf, answerOfProblem, prepareReply } from './answer.js';
import { ExpiredAnswers } from './expired-answers.js';
import { type KeyedRequest, keyedRequestOf } from './keyed-request.js';
import { StoredAnswers } from './stored-answers.js';

const logger = getLogger('idempotency');

export const REPLAYED_HEADER = 'idempotent-replayed';
const UNSTORED_STATUSES: ReadonlySet<number> = new Set([401, 429]);

/**
 * Makes a mutating request with the header `Idempotency-Key` take effect once. Its answer is stored in the transaction of its change.
 * A repeat gets the stored answer and the header `Idempotent-Replayed: true`.
 *
 * A request that fails is rolled back, and its answer is then stored in a separate transaction. An answer of 401, 429 or 5xx is not
 * stored, so that a repeat is processed again. Requests without the header pass through.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(
    private readonly answers: StoredAnswers,
    private readonly expired: ExpiredAnswers,
    private readonly audit: Audit,
  ) {}

  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = execution.switchToHttp();
    const request = keyedRequestOf(http.getRequest<AuthenticatedRequest>());
    if (!request) return next.handle();
    return from(this.answer(request, http.getResponse<FastifyReply>(), next));
  }

  private async answer(request: KeyedRequest, reply: FastifyReply, next: CallHandler): Promise<unknown> {
    const initial = reply.getHeaders();
    let isClaimed = false;
    const handle = async (): Promise<Answer> => {
      isClaimed = true;
      return answerOf(reply, initial, await lastValueFrom(next.handle(), { defaultValue: undefined }));
    };
    const outcome = await this.answers.findOrStore(request, handle).catch(async (error: unknown) => {
      const problem = toProblem(error);
      if (!isClaimed || problem.status >= 500 || UNSTORED_STATUSES.has(problem.status)) throw error;
      // The rollback has released the lock. Another request may have been answered since: then its answer is that of the key.
      const stored = await this.answers.findOrStore(request, async () => answerOfProblem(problem));
      if (stored.original !== undefined) return stored;
      await this.expired.remove();
      throw error;
    });
    const { answer, original } = outcome;
    if (original === undefined) {
      await this.expired.remove();
    } else {
      void reply.header(REPLAYED_HEADER, 'true');
      this.audit.nothingToRecord('replayed');
      logger.info('request_replayed', { 'replayed.trace_id': original, 'replayed.status_code': answer.status });
    }
    return prepareReply(reply, answer);
  }
}
