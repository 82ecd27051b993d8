import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { context } from '@pikaia/core';
import { getLogger } from '../logger.js';

const logger = getLogger('http');

/**
 * Writes `client_error` at INFO for what the HTTP parser refused: it never becomes a request, so it has no access line.
 * Whoever answers such a client goes on doing so, in the context of that line. A connection that was reset, or an error inside the body of a request
 * that has its own line, is not one. Node raises nothing at all for a missing Host, `Expect: …` and CONNECT.
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
      return context.run({}, () => {
        if (!belongsToRequest && error.code && error.code !== 'ECONNRESET' && error.code !== 'EPIPE') {
          logger.info('client_error', { reason: error.code, peer: socket.remoteAddress });
        }
        return emit(name, ...args);
      });
    }
    return emit(name, ...args);
  }) as Server['emit'];
}
