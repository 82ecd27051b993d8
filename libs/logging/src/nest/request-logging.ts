import { enterContextAtRequest, type Clock, type TrustedProxies } from '@pikaia/core';
import { subscribe } from 'node:diagnostics_channel';
import type { Server } from 'node:http';
import { accessLog } from '../http/access-log.js';
import { logClientErrors } from '../http/client-error-log.js';

export interface RequestLoggingOptions {
  readonly trusted: TrustedProxies;
  /** The access lines and those of what is no request. */
  readonly log: boolean;
  readonly clock: Clock;
}

type Handler = (...args: never[]) => unknown;

const optionsByHandler = new WeakMap<Handler, RequestLoggingOptions>();
const enabledServers = new WeakSet<Server>(); // a second import of the module must not write a second line for each request

/**
 * Opens the context and writes the lines of each request that `server` gets, and of its twins: Fastify answers on further
 * servers of its own, with the same handler, where a name such as localhost has several addresses.
 */
export function enableRequestLogging(server: Server, entrance: RequestLoggingOptions): void {
  for (const handler of server.listeners('request')) optionsByHandler.set(handler as Handler, entrance);
  enableOnce(server, entrance);
}

subscribe('tracing:net.server.listen:asyncStart', (message) => {
  const { server } = message as { server: Server };
  const [handler] = server.listeners('request');
  const entrance = handler && optionsByHandler.get(handler as Handler);
  if (entrance) enableOnce(server, entrance);
});

function enableOnce(server: Server, { trusted, log, clock }: RequestLoggingOptions): void {
  if (enabledServers.has(server)) return;
  enabledServers.add(server);
  enterContextAtRequest(server, trusted, log ? [accessLog(clock)] : []);
  if (log) logClientErrors(server);
}
