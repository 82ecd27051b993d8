import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { Problem } from '../errors/problem.js';
import { problemBody, sendProblem, toProblem } from '../errors/problem.filter.js';

const BODY_LIMIT = 1024 * 1024; // bytes; the largest body that any route takes is far smaller
const REQUEST_TIMEOUT_MS = 30_000; // headers and body must have arrived by then
const LONGEST_CHECK_INTERVAL_MS = 1_000; // Node's own, half a minute, makes a minute of the half
const MAX_PARAMETER = 512; // characters of one path segment

/** Fastify as the API wants it: JSON bodies only, and what goes wrong before a route is found is answered as problem details too. */
export function createFastifyAdapter({ requestTimeoutMs = REQUEST_TIMEOUT_MS } = {}): FastifyAdapter {
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_LIMIT,
    requestTimeout: requestTimeoutMs,
    http: {
      headersTimeout: requestTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: Math.min(LONGEST_CHECK_INTERVAL_MS, requestTimeoutMs / 4),
    },
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: MAX_PARAMETER },
    frameworkErrors: (error: FastifyError, _request: FastifyRequest, reply: FastifyReply) => sendProblem(reply, toProblem(error)),
    clientErrorHandler: answerClientError,
  });
  adapter.getInstance().removeContentTypeParser('text/plain');
  return adapter;
}

const PARSER_STATUS: Readonly<Record<string, number>> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };

/** Answers what is no request, by hand: there is no response object for it. */
function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  const { code = '' } = error;
  if (!socket.writable || code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const status = PARSER_STATUS[code] ?? 400;
  const body = problemBody(Problem.ofStatus(status, 'The server cannot read this as an HTTP request.'));
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-type: application/problem+json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    () => socket.destroy(error), // else a client that sends nothing more would keep its half open
  );
}
