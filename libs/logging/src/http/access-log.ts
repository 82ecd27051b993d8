import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock, ContextScope, RequestObserver } from '@pikaia/core';
import { openRing, type DebugRing } from '../output/debug-ring.js';
import { queryStatsText } from '../query-stats.js';
import { isEnabled, isProbe, isSampledOut, isSlow, lineText, writeText } from '../output/log-output.js';
import { LogField } from '../record/log-fields.js';

const CLIENT_CLOSED_REQUEST = 499; // nginx's code for a client that closes the connection before the response ends

/** The statuses of the responses that Node sends itself, without the response object. Any other error of its parser gets 400. */
const REFUSAL_STATUSES: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431, // the trailers
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
};
const CUT_OFF = 'HPE_INVALID_EOF_STATE'; // the client disconnected in the middle of its body

const COMPLETED = { event: 'request_completed', level: 'info', logger: 'http' } as const;
const FAILED = { event: 'request_failed', level: 'error', logger: 'http' } as const;
const ABORTED = { event: 'request_aborted', level: 'info', logger: 'http' } as const;

type Outcome = readonly [line: typeof COMPLETED | typeof FAILED | typeof ABORTED, status: number];

/**
 * Request observer that writes one access line for each request when its response closes. Pass it to enterContextAtRequest.
 *
 * - `request_completed`: the response ended with a status below 500.
 * - `request_failed`: the status is 5xx, or this process broke the response off.
 * - `request_aborted`: the client disconnected (499), or the request body did not arrive in time (408) or is not valid HTTP (400).
 *
 * Probes write no line if their status is below 400. A request that queried the database reports the number of statements and
 * the time during which one of them was in flight.
 *
 * If the log level excludes DEBUG, the request's DEBUG lines stay in memory, up to 64 KiB. They are written before the
 * access line if the request fails or is slow. The same holds for the INFO lines of a request that is sampled out.
 */
export const accessLog =
  (clock: Clock): RequestObserver =>
  (request, response, scope) => {
    const start = clock.monotonic();
    const ring =
      isEnabled('error') && !isEnabled('debug') ? openRing(scope, isSampledOut(scope.snapshot.correlationId)) : undefined;
    const { socket } = request; // the response drops its reference before `close`
    // The socket emits `close` in its own context. The request's scope holds everything bound during the request.
    response.on('close', () => {
      const [{ event, level, logger }, status] = outcomeOf(request, response, socket);
      const elapsedMs = clock.monotonic() - start;
      const isFailedOrSlow = status >= 500 || isSlow(elapsedMs);
      const kept = ring?.close(isFailedOrSlow);
      if (!isEnabled(level) || (status < 400 && isProbe(scope.snapshot.request?.path))) return;
      if (kept && isFailedOrSlow) writeKeptLines(kept, scope);
      const duration = Math.round(elapsedMs * 1e6);
      const reserved = `,"${LogField.statusCode}":${status},"${LogField.duration}":${duration}${queryStatsText(scope, duration)}`;
      writeText(lineText({ level, logger, event, scope, reserved }));
    });
  };

function writeKeptLines({ lines, dropped: count }: ReturnType<DebugRing['close']>, scope: ContextScope): void {
  if (count) writeText(lineText({ level: 'debug', logger: 'http', event: 'debug_lines_dropped', scope, fields: { count } }));
  for (const line of lines) writeText(line);
}

function outcomeOf(request: IncomingMessage, response: ServerResponse, socket: IncomingMessage['socket']): Outcome {
  const { statusCode } = response;
  // A response of inject() is closed before its stand-in for a socket has taken the data.
  const isFinished = response.writableFinished || (response.writableEnded && 'isLightMyRequest' in response);
  if (isFinished) {
    return statusCode >= 500 ? [FAILED, statusCode] : [COMPLETED, statusCode];
  }
  // request.aborted and socket.destroyed do not tell which side broke off. Only a client that disconnected has ended or
  // reset the connection.
  const reset = (socket.errored as NodeJS.ErrnoException | null)?.code;
  const clientLeft = !response.errored && (socket.readableEnded || reset === 'ECONNRESET' || reset === 'EPIPE');
  if (reset !== undefined && reset !== CUT_OFF && (reset in REFUSAL_STATUSES || reset.startsWith('HPE_')))
    return [ABORTED, REFUSAL_STATUSES[reset] ?? 400];
  if (clientLeft) return [ABORTED, CLIENT_CLOSED_REQUEST];
  return [FAILED, Math.max(statusCode, 500)];
}
