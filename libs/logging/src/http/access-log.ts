import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock, ContextScope, RequestObserver } from '@pikaia/core';
import { openRing, type DebugRing } from '../output/debug-ring.js';
import { queryText } from '../usage/query-usage.js';
import { isEnabled, isSampledOut, isSlow, lineText, writeText } from '../output/log-output.js';
import { LogField } from '../record/log-fields.js';

const CLIENT_CLOSED_REQUEST = 499; // no answer was finished; the code that web servers log for it
const REQUEST_TIMEOUT = 408; // what Node answers by itself, past the response

type Outcome =
  | readonly [event: 'request_completed', level: 'info', status: number]
  | readonly [event: 'request_failed', level: 'error', status: number]
  | readonly [event: 'request_aborted', level: 'info', status: number];

/**
 * Writes one line for each request, from the response's `close`, which comes once however the request ends:
 * `request_completed`, `request_failed` (5xx, or an answer that this side broke off) or `request_aborted` (499, and 408 where
 * the body did not arrive in time). Give it
 * to enterContextAtRequest. Health checks are silent while healthy.
 *
 * Where the level leaves DEBUG out, the request's DEBUG lines are kept, up to 64 KiB, and written before its access line if
 * that is one of a failure or of a slow request; so are its INFO lines where it is sampled out. A request that has queried the
 * database says how often, and how long that took.
 */
export const accessLog =
  (clock: Clock): RequestObserver =>
  (request, response, scope) => {
    const start = clock.monotonic();
    const ring =
      isEnabled('error') && !isEnabled('debug') ? openRing(scope, isSampledOut(scope.snapshot.correlationId)) : undefined;
    const { socket } = request; // the response lets go of it before it closes
    // The socket emits `close` in a context of its own; what the guard has bound by then is in the request's scope.
    response.on('close', () => {
      const [event, level, status] = outcomeOf(request, response, socket);
      const elapsed = clock.monotonic() - start;
      const wanted = status >= 500 || isSlow(elapsed);
      const kept = ring?.close(wanted);
      if (!isEnabled(level) || (status < 500 && isHealthCheck(request))) return;
      if (kept && wanted) writeKeptLines(kept, scope);
      const duration = Math.round(elapsed * 1e6);
      const reserved = `,"${LogField.statusCode}":${status},"${LogField.duration}":${duration}${queryText(scope)}`;
      writeText(lineText({ level, logger: 'http', event, scope, reserved }));
    });
  };

function writeKeptLines({ lines, dropped: count }: ReturnType<DebugRing['close']>, scope: ContextScope): void {
  if (count) writeText(lineText({ level: 'debug', logger: 'http', event: 'debug_lines_dropped', scope, fields: { count } }));
  for (const line of lines) writeText(line);
}

function outcomeOf(request: IncomingMessage, response: ServerResponse, socket: IncomingMessage['socket']): Outcome {
  const { statusCode } = response;
  if (response.writableFinished) {
    return statusCode >= 500 ? ['request_failed', 'error', statusCode] : ['request_completed', 'info', statusCode];
  }
  // request.aborted and socket.destroyed look the same when this side breaks off. Only a client that went away has ended
  // or reset the connection.
  const reset = (socket.errored as NodeJS.ErrnoException | null)?.code;
  const clientLeft = !response.errored && (socket.readableEnded || reset === 'ECONNRESET' || reset === 'EPIPE');
  if (reset === 'ERR_HTTP_REQUEST_TIMEOUT') return ['request_aborted', 'info', REQUEST_TIMEOUT];
  if (clientLeft) return ['request_aborted', 'info', CLIENT_CLOSED_REQUEST];
  return ['request_failed', 'error', Math.max(statusCode, 500)];
}

const isHealthCheck = (request: IncomingMessage): boolean => request.url?.startsWith('/health/') ?? false;
