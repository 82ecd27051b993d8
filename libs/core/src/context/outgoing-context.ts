import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import { context } from './context.js';
import { CORRELATION_HEADER } from './http-context.js';

interface FetchRequest {
  readonly headers: readonly string[];
  addHeader(name: string, value: string): void;
}

/**
 * Adds the `X-Correlation-ID` of the current context to every HTTP request that this process sends with `fetch` or
 * `node:http`, so that the receiving service logs the same id. Most HTTP clients are built on these two. Call it once.
 *
 * It leaves a request unchanged that already has the header, or that is sent outside any context. It cannot change a
 * `node:http` request whose headers are a flat list, because Node writes those immediately.
 *
 * @returns a function that stops adding the header.
 */
export function sendCorrelationId(): () => void {
  const unsubscribers = [
    subscribeInContext('undici:request:create', ({ request }: { request: FetchRequest }, id) => {
      if (!request.headers.some((name, at) => at % 2 === 0 && name.toLowerCase() === CORRELATION_HEADER)) {
        request.addHeader(CORRELATION_HEADER, id);
      }
    }),
    subscribeInContext('http.client.request.created', ({ request }: { request: ClientRequest }, id) => {
      if (!request.headersSent && !request.hasHeader(CORRELATION_HEADER)) request.setHeader(CORRELATION_HEADER, id);
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
