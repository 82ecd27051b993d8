import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { newId, parseId } from '../identifier.js';
import { findClientAddress, type TrustedProxies } from './client-address.js';
import { enterContext, extendScope, resumeContext, type ContextScope, type ContextSnapshot } from './context.js';
import { parseTraceParent, traceIdAsUuid } from './trace-parent.js';

export const CORRELATION_HEADER = 'x-correlation-id';

/** Called once for each request, inside its context, before the framework handles it. */
export type RequestObserver = (request: IncomingMessage, response: ServerResponse, scope: ContextScope) => void;

/**
 * Runs `work` in the context of a request. Opens the context, unless the request has one. `scope`, if given, becomes the context:
 * it is the current scope and has been opened for this request.
 */
export type RequestContext = <T>(request: IncomingMessage, response: ServerResponse, work: () => T, scope?: ContextScope) => T;

/** The last request of each connection. */
const latest = new WeakMap<Socket, { readonly request: IncomingMessage; readonly scope: ContextScope }>();

/**
 * Runs every request of `server` in its own context, starting when Node emits `request`.
 *
 * A framework hook runs too late for bad URLs, timeouts and aborted requests; this context covers them too. All work that the
 * request starts inherits the context, also timers and event emitters. So do listeners of `clientError`, if the error is in the body
 * of a request: Node emits the event outside its context.
 *
 * The correlation id is the client's `X-Correlation-ID` if that is a UUID, else the trace id of a valid `traceparent`, else
 * a new id.
 *
 * @returns a function for requests that reach the framework without the server.
 */
export function enterContextAtRequest(
  server: Server,
  trusted: TrustedProxies,
  observers: readonly RequestObserver[] = [],
): RequestContext {
  const enter: RequestContext = (request, response, work, opened) => {
    if (latest.get(request.socket)?.request === request) return work();
    const snapshot = snapshotOf(request, trusted);
    const handle = (scope: ContextScope) => {
      latest.set(request.socket, { request, scope });
      addHeaderOnWrite(response, CORRELATION_HEADER, snapshot.correlationId);
      for (const observer of observers) observer(request, response, scope);
      return work();
    };
    return opened ? handle(extendScope(opened, snapshot)) : enterContext(snapshot, handle);
  };
  const emit = server.emit.bind(server) as (name: string | symbol, ...args: unknown[]) => boolean;
  server.emit = ((name: string | symbol, ...args: unknown[]) => {
    if (name === 'clientError') {
      const last = latest.get(args[1] as Socket);
      return last?.request.complete === false ? resumeContext(last.scope, () => emit(name, ...args)) : emit(name, ...args);
    }
    if (name !== 'request') return emit(name, ...args);
    const [request, response] = args as [IncomingMessage, ServerResponse];
    return enter(request, response, () => emit(name, ...args));
  }) as Server['emit'];
  return enter;
}

function snapshotOf(request: IncomingMessage, trusted: TrustedProxies): ContextSnapshot {
  const requestedId = request.headers[CORRELATION_HEADER];
  const traceParent = parseTraceParent(request.headers['traceparent']);
  const given = typeof requestedId === 'string' ? parseId(requestedId) : undefined;
  const accepted = given ?? (traceParent && traceIdAsUuid(traceParent));
  const { address, unparsed } = findClientAddress(
    request.socket.remoteAddress,
    headerText(request.headers['x-forwarded-for']),
    trusted,
  );
  const userAgent = request.headers['user-agent'];
  return {
    correlationId: accepted ?? newId(),
    origin: accepted ? 'client' : 'server',
    ...(traceParent && { traceParent }),
    request: Object.freeze({
      method: request.method ?? 'GET',
      path: pathOf(request.url ?? '/'),
      clientAddress: address,
      ...(unparsed !== undefined && { unparsedAddress: unparsed }),
      ...(userAgent !== undefined && { userAgent }),
    }),
  };
}

/**
 * Adds a header when the response head is written. A header of the same name that the application sets wins. A header that is
 * set earlier makes Node copy the framework's headers one by one, which costs as much as a log line.
 */
function addHeaderOnWrite(response: ServerResponse, name: string, value: string): void {
  const writeHead = response.writeHead as (status: number, ...rest: unknown[]) => ServerResponse;
  response.writeHead = ((status: number, ...rest: unknown[]) => {
    const headers = rest.at(-1);
    if (response.hasHeader(name) || (isRecord(headers) && hasHeaderName(headers, name)))
      return writeHead.call(response, status, ...rest);
    if (isRecord(headers)) rest[rest.length - 1] = { [name]: value, ...headers };
    else response.setHeader(name, value);
    return writeHead.call(response, status, ...rest);
  }) as ServerResponse['writeHead'];
}

const isRecord = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);

const hasHeaderName = (headers: object, name: string): boolean =>
  Object.keys(headers).some((key) => key.length === name.length && key.toLowerCase() === name);

/** Returns the path of a request target: without query string, and without host and credentials if it is a whole URL. */
const pathOf = (target: string): string =>
  PATH_ONLY.test(target) ? target : target.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i, '').split(/[?#]/, 1)[0] || '/';

const PATH_ONLY = /^\/[^?#]*$/;

const headerText = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value.join(',') : value);
