import type { FastifyReply } from 'fastify';
import { problemBody } from '../errors/problem.filter.js';
import type { Problem } from '../errors/problem.js';

type Headers = Readonly<Record<string, number | string | readonly string[]>>;

/** The response to a request, as it is stored and sent. */
export interface StoredResponse {
  readonly status: number;
  /** The headers that the handler has set. Those of the server, such as the correlation id, belong to each response. */
  readonly headers: Headers;
  /** Null if there is no body, as for 204. */
  readonly body: string | null;
}

/**
 * Describes the response of a handler that has returned `result`.
 *
 * @param initial the headers of the reply before the handler was called.
 */
export function responseOf(
  reply: FastifyReply,
  initial: ReturnType<FastifyReply['getHeaders']>,
  result: unknown,
): StoredResponse {
  const headers = Object.entries(reply.getHeaders()).filter(
    ([name, value]) => value !== undefined && value !== initial[name as keyof typeof initial],
  );
  const hasBody = result !== undefined && result !== null;
  const isText = typeof result === 'string';
  return {
    status: reply.statusCode,
    headers: {
      ...(hasBody && { 'content-type': isText ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8' }),
      ...(Object.fromEntries(headers) as Headers),
    },
    body: hasBody ? (isText ? result : JSON.stringify(result)) : null,
  };
}

export const responseOfProblem = (problem: Problem): StoredResponse => ({
  status: problem.status,
  headers: { 'content-type': 'application/problem+json', ...problem.headers },
  body: problemBody(problem),
});

/** Prepares the reply. @returns the body, for Nest to send. */
export function prepareReply(reply: FastifyReply, { status, headers, body }: StoredResponse): string | undefined {
  void reply.status(status).headers(headers as Record<string, string>);
  return body ?? undefined;
}
