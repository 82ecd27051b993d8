import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { context, CORRELATION_HEADER } from '@pikaia/core';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { Problem } from '../errors/problem.js';
import { problemBody, sendProblem, toProblem } from '../errors/problem.filter.js';
import { checkRequest } from './check-request.js';
import { allowOrigins, corsHeadersOf } from './cors.js';
import { acceptJsonBodies } from './json-body.js';
import { SecurityHeaders, type ResponseHeaders } from './security-headers.js';

const MAX_BODY_BYTES = 1024 * 1024; // far above the largest body of any route
const REQUEST_TIMEOUT_MS = 30_000; // for headers and body
const MAX_CHECK_INTERVAL_MS = 1_000; // with Node's default of 30 s, a request could take up to a minute
const MAX_PARAMETER_CHARACTERS = 512; // of one path segment

interface ServerOptions {
  readonly requestTimeoutMs?: number;
  /** See the settings `CORS_ORIGINS` and `HSTS_MAX_AGE_SECONDS`. */
  readonly allowedOrigins?: readonly string[];
  readonly hstsSeconds?: number;
}

/**
 * Creates the Fastify adapter of the API. It accepts only JSON bodies, and responds with problem details also to errors before
 * routing. All responses have the security headers, and those to the allowed origins have CORS headers.
 */
export function createFastifyAdapter(options: ServerOptions = {}): FastifyAdapter {
  const { requestTimeoutMs = REQUEST_TIMEOUT_MS, allowedOrigins = [], hstsSeconds = 0 } = options;
  const security = new SecurityHeaders(hstsSeconds);
  const adapter = new FastifyAdapter({
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: requestTimeoutMs,
    http: {
      headersTimeout: requestTimeoutMs,
      requestTimeout: requestTimeoutMs,
      requireHostHeader: false, // checkRequest responds, with problem details
      connectionsCheckingInterval: Math.min(MAX_CHECK_INTERVAL_MS, requestTimeoutMs / 4),
    },
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: MAX_PARAMETER_CHARACTERS },
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
      void reply.headers({ ...security.default, ...corsHeadersOf(request, allowedOrigins) }); // Fastify has run no hook
      sendProblem(reply, toProblem(error));
    },
    clientErrorHandler: (error, socket) => answerClientError(error, socket, security.default),
  });
  const instance = adapter.getInstance();
  security.install(instance);
  allowOrigins(instance, allowedOrigins);
  // After the plugin of CORS, which is loaded later: a refusal needs its headers too.
  instance.after(() => {
    instance.addHook('onRequest', (request, _reply, done) => {
      checkRequest(request.raw);
      done();
    });
  });
  // Node would respond without a body. As a request, an expectation is refused by checkRequest.
  instance.server.on('checkExpectation', (request, response) => instance.server.emit('request', request, response));
  acceptJsonBodies(instance);
  return adapter;
}

const UNREADABLE = [400, 'The server cannot read this as an HTTP request.'] as const;
const CONTENT_LENGTH = [400, 'The Content-Length of the request is not one number in decimal digits.'] as const;

/** The response to each error of the HTTP parser. */
const PARSER_ERRORS: Readonly<Record<string, readonly [status: number, detail: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'The headers of the request are too large.'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'The chunk extensions of the request body are too large.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request did not arrive in time.'],
  HPE_INVALID_URL: [400, 'The URL is not valid. Characters outside ASCII must be percent-encoded UTF-8.'],
  HPE_INVALID_TRANSFER_ENCODING: [400, 'The request has an invalid Transfer-Encoding, or one together with Content-Length.'],
  HPE_UNEXPECTED_CONTENT_LENGTH: CONTENT_LENGTH,
  HPE_INVALID_CONTENT_LENGTH: CONTENT_LENGTH,
};

/** Responds to input that is not a valid HTTP request. Writes to the socket, because no response object exists. */
function answerClientError(error: NodeJS.ErrnoException, socket: Socket, headers: ResponseHeaders): void {
  const { code = '' } = error;
  if (!socket.writable || code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const [status, detail] = PARSER_ERRORS[code] ?? UNREADABLE;
  const body = problemBody(Problem.ofStatus(status, detail));
  const correlationId = context.current?.correlationId;
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-type: application/problem+json\r\n` +
      Object.entries(headers)
        .map(([name, value]) => `${name}: ${value}\r\n`)
        .join('') +
      `${correlationId === undefined ? '' : `${CORRELATION_HEADER}: ${correlationId}\r\n`}` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    () => socket.destroy(error), // otherwise a silent client would keep its half of the connection open
  );
}
