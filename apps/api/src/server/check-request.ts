import type { IncomingMessage } from 'node:http';
import { Problem } from '../errors/problem.js';

/** Headers that must not be repeated. Node would use the first one, and a proxy in front of it perhaps the last. */
const SINGLE_HEADERS: ReadonlyMap<string, string> = new Map(
  ['Authorization', 'Content-Length', 'Content-Type', 'Expect', 'Host', 'Idempotency-Key', 'X-Correlation-Id'].map((name) => [
    name.toLowerCase(),
    name,
  ]),
);
const SINGLE_HEADER_LENGTHS: ReadonlySet<number> = new Set([...SINGLE_HEADERS.keys()].map(({ length }) => length));

/**
 * Checks the request line and the headers before anything reads them.
 *
 * @throws Problem 400 for a URL that is not percent-encoded UTF-8, a missing Host and a repeated header; 417 for an expectation.
 */
export function checkRequest({ url = '/', headers, rawHeaders, httpVersion }: IncomingMessage): void {
  if (url.includes('%') && !isDecodable(url)) throw Problem.badUrl();
  if (headers.host === undefined && httpVersion === '1.1') throw Problem.badRequest('The request has no Host header.');
  const repeated = repeatedHeader(rawHeaders);
  if (repeated) throw Problem.badRequest(`The request has more than one ${repeated} header.`);
  if (headers.expect !== undefined && headers.expect.toLowerCase() !== '100-continue')
    throw Problem.ofStatus(417, 'The server meets no expectation other than 100-continue.');
}

function isDecodable(url: string): boolean {
  try {
    decodeURIComponent(url);
    return true;
  } catch {
    return false;
  }
}

/** Returns the name of a repeated header. Each request runs this, so it converts only names of a length that can match. */
function repeatedHeader(rawHeaders: readonly string[]): string | undefined {
  const seen: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const raw = rawHeaders[at]!;
    if (!SINGLE_HEADER_LENGTHS.has(raw.length)) continue;
    const name = SINGLE_HEADERS.get(raw.toLowerCase());
    if (name === undefined) continue;
    if (seen.includes(name)) return name;
    seen.push(name);
  }
  return undefined;
}
