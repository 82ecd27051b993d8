import { milliseconds, shown } from './value.text.mjs';

const ACCESS_LINES = new Set(['request_completed', 'request_failed', 'request_aborted']);

/** The requests that carried the correlation ID. A client can use one ID for several requests. */
export const requestsOf = (entries) =>
  entries
    .filter(({ kind, event }) => kind === 'log' && ACCESS_LINES.has(event))
    .map((line) => {
      const endedAt = Date.parse(line.time);
      return { line, status: line['http.status_code'], startedAt: endedAt - line.duration / 1e6 };
    });

/** The header of a request: method and path, status and duration, user, address and client. */
export function requestText({ line, status }) {
  const path = shown(line['http.url_details.path']);
  const by = line['usr.email'] ?? line['usr.id'] ?? 'an anonymous client';
  const agent = line['http.useragent'] === undefined ? '' : `, ${shown(line['http.useragent'])}`;
  return {
    what: `${line['http.method']} ${path}`,
    end: `${status} in ${milliseconds(line.duration / 1e6)}`,
    failed: status >= 400,
    who: `by ${shown(by)}, from ${shown(line['network.client.ip'] ?? 'an unknown address')}${agent}`,
  };
}
