import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { context } from '@pikaia/core';
import { getLogger } from '../logger.js';

const logger = getLogger('http');

/**
 * Writes `client_error` at INFO for input that the HTTP parser rejects. Such input never becomes a request and has no access
 * line. Existing `clientError` listeners still answer the client, in the context of that line, or of the request if the error is
 * inside its body.
 *
 * Writes no line for a connection reset, or for an error inside the body of a request, which has an access line. Node emits
 * no `clientError` for a missing Host header, `Expect: …` and CONNECT.
 */
export function logClientErrors(server: Server): void {
  const latest = new WeakMap<Socket, IncomingMessage>();
  const emit = server.emit.bind(server) as (name: string | symbol, ...args: unknown[]) => boolean;
  server.emit = ((name: string | symbol, ...args: unknown[]) => {
    if (name === 'request') {
      const [request] = args as [IncomingMessage];
      latest.set(request.socket, request);
    } else if (name === 'clientError') {
      const [error, socket] = args as [NodeJS.ErrnoException, Socket];
      const belongsToRequest = latest.get(socket)?.complete === false;
      if (belongsToRequest) return emit(name, ...args);
      return context.run({}, () => {
        if (error.code && error.code !== 'ECONNRESET' && error.code !== 'EPIPE') {
          logger.info('client_error', { reason: error.code, peer: socket.remoteAddress });
        }
        return emit(name, ...args);
      });
    }
    return emit(name, ...args);
  }) as Server['emit'];
}
