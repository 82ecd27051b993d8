import { enterContextAtRequest, type Clock, type RequestContext, type TrustedProxies } from '@pikaia/core';
import { subscribe } from 'node:diagnostics_channel';
import type { Server } from 'node:http';
import { accessLog } from '../http/access-log.js';
import { logClientErrors } from '../http/client-error-log.js';

export interface RequestLoggingOptions {
  readonly trustedProxies: TrustedProxies;
  /** Writes access lines, and `client_error` for input that the HTTP parser rejects. */
  readonly writesLines: boolean;
  readonly clock: Clock;
}

type Handler = (...args: never[]) => unknown;

const optionsByHandler = new WeakMap<Handler, RequestLoggingOptions>();
const enabledServers = new WeakSet<Server>(); // importing the module twice must not duplicate access lines

/**
 * Opens a context for each request of `server` and writes its access line. It also covers further servers with the same
 * request handler: Fastify opens one for each address of a host name such as localhost.
 *
 * @returns a function for requests that reach the framework without the server. Undefined if the server has been enabled before.
 */
export function enableRequestLogging(server: Server, options: RequestLoggingOptions): RequestContext | undefined {
  for (const handler of server.listeners('request')) optionsByHandler.set(handler as Handler, options);
  return enableOnce(server, options);
}

subscribe('tracing:net.server.listen:asyncStart', (message) => {
  const { server } = message as { server: Server };
  const [handler] = server.listeners('request');
  const options = handler && optionsByHandler.get(handler as Handler);
  if (options) enableOnce(server, options);
});

function enableOnce(server: Server, { trustedProxies, writesLines, clock }: RequestLoggingOptions): RequestContext | undefined {
  if (enabledServers.has(server)) return undefined;
  enabledServers.add(server);
  if (writesLines) logClientErrors(server);
  return enterContextAtRequest(server, trustedProxies, writesLines ? [accessLog(clock)] : []);
}
