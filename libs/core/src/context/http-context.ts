import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { isId, newId } from '../identifier.js';
import { findClientAddress, type TrustedProxies } from './client-address.js';
import { enter, type ContextScope } from './context.js';
import { parseTraceParent, traceIdAsUuid } from './trace-parent.js';

export const CORRELATION_HEADER = 'x-correlation-id';

/** Called once a request, inside its context, before the framework sees it. */
export type RequestObserver = (request: IncomingMessage, response: ServerResponse, scope: ContextScope) => void;

/**
 * Gives every request of `server` a context of its own, where Node emits `request`.
 *
 * A hook of the framework enters too late for bad URLs, time-outs and aborts; here the context also covers those.
 * Everything that the request starts inherits it, timers and event emitters included.
 *
 * The correlation id is the client's `X-Correlation-ID` if that is a UUID, else the trace id of a valid `traceparent`, else
 * a new one.
 */
export function enterContextAtRequest(server: Server, trusted: TrustedProxies, observe: readonly RequestObserver[] = []): void {
  const emit = server.emit.bind(server) as (name: string | symbol, ...args: unknown[]) => boolean;
  server.emit = ((name: string | symbol, ...args: unknown[]) => {
    if (name !== 'request') return emit(name, ...args);
    const [request, response] = args as [IncomingMessage, ServerResponse];
    const given = request.headers[CORRELATION_HEADER];
    const traceParent = parseTraceParent(request.headers['traceparent']);
    const accepted = isId(given) ? given.toLowerCase() : traceParent && traceIdAsUuid(traceParent);
    const { address, unparsed } = findClientAddress(
      request.socket.remoteAddress,
      headerText(request.headers['x-forwarded-for']),
      trusted,
    );
    const userAgent = request.headers['user-agent'];
    const correlationId = accepted ?? newId();
    return enter(
      {
        correlationId,
        origin: accepted ? 'client' : 'server',
        ...(traceParent && { traceParent }),
        request: Object.freeze({
          method: request.method ?? 'GET',
          path: pathOf(request.url ?? '/'),
          clientAddress: address,
          ...(unparsed !== undefined && { unparsedAddress: unparsed }),
          ...(userAgent !== undefined && { userAgent }),
        }),
      },
      (scope) => {
        addHeader(response, CORRELATION_HEADER, correlationId);
        for (const observer of observe) observer(request, response, scope);
        return emit(name, ...args);
      },
    );
  }) as Server['emit'];
}

/**
 * Adds a header when the head is written; one of that name that the application gives wins. Set before, it would have Node
 * copy each of the framework's own headers one by one, which costs as much as a log line.
 */
function addHeader(response: ServerResponse, name: string, value: string): void {
  const writeHead = response.writeHead as (status: number, ...rest: unknown[]) => ServerResponse;
  response.writeHead = ((status: number, ...rest: unknown[]) => {
    const given = rest.at(-1);
    if (response.hasHeader(name) || (isRecord(given) && hasName(given, name))) return writeHead.call(response, status, ...rest);
    if (isRecord(given)) rest[rest.length - 1] = { [name]: value, ...given };
    else response.setHeader(name, value);
    return writeHead.call(response, status, ...rest);
  }) as ServerResponse['writeHead'];
}

const isRecord = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);

const hasName = (headers: object, name: string): boolean =>
  Object.keys(headers).some((key) => key.length === name.length && key.toLowerCase() === name);

/** Without the query string, and without host and credentials where a client sent a whole URL. */
const pathOf = (target: string): string =>
  PLAIN_PATH.test(target) ? target : target.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i, '').split(/[?#]/, 1)[0] || '/';

const PLAIN_PATH = /^\/[^?#]*$/;

const headerText = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value.join(',') : value);
