import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import { context } from './context.js';
import { CORRELATION_HEADER } from './http-context.js';

interface FetchRequest {
  readonly headers: readonly string[];
  addHeader(name: string, value: string): void;
}

/**
 * Sends the correlation id of the context in force with every HTTP request that this process makes, by `fetch` and by
 * `node:http`, which most clients are built on: the service at the other end then logs under the same id. A request that has
 * an `X-Correlation-ID` already keeps it; outside any context nothing is sent; neither is it where the caller wrote the
 * headers as a flat list, since Node has sent those before anybody can add one. Call it once. Returns what ends it.
 */
export function sendCorrelationId(): () => void {
  const undo = [
    listen('undici:request:create', ({ request }: { request: FetchRequest }, id) => {
      if (!request.headers.some((name, at) => at % 2 === 0 && name.toLowerCase() === CORRELATION_HEADER)) {
        request.addHeader(CORRELATION_HEADER, id);
      }
    }),
    listen('http.client.request.created', ({ request }: { request: ClientRequest }, id) => {
      if (!request.headersSent && !request.hasHeader(CORRELATION_HEADER)) request.setHeader(CORRELATION_HEADER, id);
    }),
  ];
  return () => undo.forEach((end) => end());
}

function listen<Message>(channel: string, add: (message: Message, correlationId: string) => void): () => void {
  const onMessage = (message: unknown): void => {
    const id = context.current?.correlationId;
    if (id !== undefined) add(message as Message, id);
  };
  subscribe(channel, onMessage);
  return () => void unsubscribe(channel, onMessage);
}
