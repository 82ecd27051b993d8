import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import { context } from './context.js';
import { parseCorrelationHosts, type CorrelationHosts } from './correlation-hosts.js';
import { CORRELATION_HEADER } from './http-context.js';

interface FetchRequest {
  readonly origin: string | URL | undefined;
  readonly headers: readonly string[];
  addHeader(name: string, value: string): void;
}

/**
 * Adds the `X-Correlation-ID` of the current context to the HTTP requests that this process sends with `fetch` or `node:http`
 * to the given hosts, so that the receiving service logs the same id. Most HTTP clients are built on these two. A third party
 * never gets the id: each redirect is decided by its own host. Call it once.
 *
 * It leaves a request unchanged that already has the header, or that is sent outside any context. It cannot change a
 * `node:http` request whose headers are a flat list, because Node writes those immediately.
 *
 * @param hosts default: loopback hosts only.
 * @returns a function that stops adding the header.
 */
export function sendCorrelationId(hosts: CorrelationHosts = parseCorrelationHosts('')): () => void {
  const unsubscribers = [
    subscribeInContext('undici:request:create', ({ request }: { request: FetchRequest }, id) => {
      if (request.headers.some((name, at) => at % 2 === 0 && name.toLowerCase() === CORRELATION_HEADER)) return;
      if (request.origin !== undefined && hosts(new URL(request.origin).hostname)) request.addHeader(CORRELATION_HEADER, id);
    }),
    subscribeInContext('http.client.request.created', ({ request }: { request: ClientRequest }, id) => {
      if (request.headersSent || request.hasHeader(CORRELATION_HEADER)) return;
      if (hosts(request.host)) request.setHeader(CORRELATION_HEADER, id);
    }),
  ];
  return () => unsubscribers.forEach((unsubscribe) => unsubscribe());
}

function subscribeInContext<Message>(channel: string, add: (message: Message, correlationId: string) => void): () => void {
  const onMessage = (message: unknown): void => {
    const id = context.current?.correlationId;
    if (id !== undefined) add(message as Message, id);
  };
  subscribe(channel, onMessage);
  return () => void unsubscribe(channel, onMessage);
}
