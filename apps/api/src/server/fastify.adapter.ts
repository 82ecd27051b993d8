import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { Problem } from '../errors/problem.js';
import { problemBody, sendProblem, toProblem } from '../errors/problem.filter.js';
import { acceptJsonBodies } from './json-body.js';

const MAX_BODY_BYTES = 1024 * 1024; // far above the largest body of any route
const REQUEST_TIMEOUT_MS = 30_000; // for headers and body
const MAX_CHECK_INTERVAL_MS = 1_000; // with Node's default of 30 s, a request could take up to a minute
const MAX_PARAMETER_CHARACTERS = 512; // of one path segment

/**
 * Creates the Fastify adapter of the API. It accepts only JSON bodies, and responds with problem details also to errors before
 * routing.
 */
export function createFastifyAdapter({ requestTimeoutMs = REQUEST_TIMEOUT_MS } = {}): FastifyAdapter {
  const adapter = new FastifyAdapter({
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: requestTimeoutMs,
    http: {
      headersTimeout: requestTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: Math.min(MAX_CHECK_INTERVAL_MS, requestTimeoutMs / 4),
    },
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: MAX_PARAMETER_CHARACTERS },
    frameworkErrors: (error: FastifyError, _request: FastifyRequest, reply: FastifyReply) => sendProblem(reply, toProblem(error)),
    clientErrorHandler: answerClientError,
  });
  acceptJsonBodies(adapter.getInstance());
  return adapter;
}

const PARSER_STATUS: Readonly<Record<string, number>> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };

/** Responds to input that is not a valid HTTP request. Writes to the socket, because no response object exists. */
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
    () => socket.destroy(error), // otherwise a silent client would keep its half of the connection open
  );
}
