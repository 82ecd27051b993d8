import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { sendProblem, toProblem } from '../errors/problem.filter.js';

const BODY_LIMIT = 1024 * 1024; // bytes; the largest body that any route takes is far smaller
const REQUEST_TIMEOUT_MS = 30_000; // headers and body must have arrived by then
const MAX_PARAMETER = 512; // characters of one path segment

/** Fastify as the API wants it: what goes wrong before a route is found is answered as problem details too. */
export function createFastifyAdapter(): FastifyAdapter {
  return new FastifyAdapter({
    bodyLimit: BODY_LIMIT,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: MAX_PARAMETER },
    frameworkErrors: (error: FastifyError, _request: FastifyRequest, reply: FastifyReply) => sendProblem(reply, toProblem(error)),
  });
}
