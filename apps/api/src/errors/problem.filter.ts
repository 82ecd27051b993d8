import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import { context, PikaiaError, redactText } from '@pikaia/core';
import { databaseFault } from '@pikaia/database';
import { errorMessage, getLogger } from '@pikaia/logging';
import type { FastifyReply } from 'fastify';
import { STATUS_CODES } from 'node:http';
import { isUniqueConflict } from './database-errors.js';
import { Problem } from './problem.js';

const logger = getLogger('api');
const DATABASE_RETRY_AFTER_S = 2; // PostgreSQL restarts within this time

/** Converts each thrown error into problem details with the correlation id. Logs unexpected errors with their stack. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const problem = toProblem(error);
    if (problem.status >= 500) {
      if (problem.status === 503) logger.error('request_unavailable', { reason: errorMessage(error) });
      else logger.exception('unhandled_error', error);
    } else if (error instanceof Problem && context.actor) {
      // Only our own texts, because those of a framework may quote the query; only known callers, so strangers cannot fill the
      // log.
      logger.info('request_refused', { 'problem.type': problem.kind, 'problem.detail': problem.detail });
    }
    if (reply.sent) return; // the response has started and cannot be replaced
    sendProblem(reply, problem);
  }
}

export function sendProblem(reply: FastifyReply, problem: Problem): void {
  void reply.code(problem.status).headers(problem.headers).type('application/problem+json').send(problemBody(problem));
}

/** Returns the body of an error response. It is a string, so no serializer of the framework changes it. */
export function problemBody({ status, type, title, detail, errors, members }: Problem): string {
  return JSON.stringify({
    type,
    title,
    status,
    detail,
    ...(errors.length > 0 && { errors }),
    ...members,
    correlation_id: context.current?.correlationId ?? null,
  });
}

/**
 * Maps an error to a problem. A framework error has a status, a database error may be retryable, and any other error is a 500.
 */
export function toProblem(error: unknown): Problem {
  try {
    return classify(error);
  } catch (unreadable) {
    return internalProblem(unreadable); // a getter or a proxy that throws; the filter logs the value itself
  }
}

function classify(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const callerProblem = error instanceof PikaiaError ? problemOfCode(error) : undefined;
  if (callerProblem) return callerProblem;
  if (isIncompleteBody(error)) return Problem.ofStatus(400, 'The request body ended before it was complete.', { cause: error });
  const requestProblem = problemOfFastify(error instanceof HttpException ? error.cause : error); // Nest wraps its errors
  if (requestProblem) return requestProblem;
  const fault = databaseFault(error);
  if (fault === 'in_doubt') return Problem.outcomeUnknown(error);
  if (fault) return Problem.unavailable(DATABASE_RETRY_AFTER_S, error);
  if (isUniqueConflict(error)) return Problem.conflict('A resource with this value already exists.', { cause: error });
  const status = error instanceof HttpException ? error.getStatus() : (error as { statusCode?: unknown } | null)?.statusCode;
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return Problem.ofStatus(status, detailOf(error) ?? `${STATUS_CODES[status] ?? 'Error'}.`, { cause: error });
  }
  return internalProblem(error);
}

const internalProblem = (cause: unknown): Problem =>
  new Problem(500, 'internal', 'Internal error', 'Something went wrong here. The correlation id finds it in the logs.', {
    cause,
  });

/** Returns the message of an error for the caller. The other fields of the thrown value are internal. */
function detailOf(error: unknown): string | undefined {
  const { message } = error as { message?: unknown };
  return typeof message === 'string' && message.trim() ? redactText(message) : undefined;
}

/**
 * True if the client disconnected or timed out before its body was complete. The code equals that of a lost database connection.
 */
function isIncompleteBody(error: unknown): boolean {
  const { code, message } = (error ?? {}) as NodeJS.ErrnoException;
  return code === 'ECONNRESET' && message === 'aborted';
}

/** Returns a problem, in our words, for a request that Fastify refuses. */
function problemOfFastify(error: unknown): Problem | undefined {
  switch ((error as { code?: unknown } | null)?.code) {
    case 'FST_ERR_BAD_URL':
      return Problem.badUrl(error);
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return Problem.ofStatus(414, 'A part of the path is too long.', { cause: error });
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return Problem.unsupportedBody(error);
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return Problem.ofStatus(413, 'The request body is larger than 1 MiB.', { cause: error });
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return Problem.ofStatus(400, 'The request body does not have the length of its Content-Length.', { cause: error });
    default:
      return undefined;
  }
}

/** Returns a problem for a library error that the caller caused and whose message is written for the caller. */
function problemOfCode(error: PikaiaError): Problem | undefined {
  const { code, message } = error;
  switch (code) {
    case 'PIKAIA_CURSOR_INVALID':
      return Problem.invalid([{ field: 'cursor', message }]);
    case 'PIKAIA_CHANGE_TOKEN_INVALID':
    case 'PIKAIA_CHANGE_TOKEN_EXPIRED':
      return Problem.invalid([
        { field: 'after_change', message: 'after_change must be the unchanged X-Change-Token of a response of the last days' },
      ]);
    case 'PIKAIA_CHANGE_FAILED':
    case 'PIKAIA_CHANGE_SKIPPED':
      return Problem.conflict(
        'The change is made, but it does not arrive here without an operator. To see the older state, repeat the request without after_change.',
        { cause: error },
      );
    case 'PIKAIA_WAIT_TIMEOUT':
    case 'PIKAIA_WAIT_ABORTED':
      return Problem.unseen(error);
    case 'PIKAIA_OUTBOX_COMMAND_UNKNOWN':
    case 'PIKAIA_OUTBOX_EVENT_UNKNOWN':
    case 'PIKAIA_OUTBOX_SINK_UNKNOWN':
      return Problem.notFound(message);
    case 'PIKAIA_OUTBOX_NOTHING_TO_CANCEL':
    case 'PIKAIA_OUTBOX_NOTHING_TO_SKIP':
    case 'PIKAIA_OUTBOX_SINK_RETIRED':
      return Problem.conflict(message);
    default:
      return undefined;
  }
}
