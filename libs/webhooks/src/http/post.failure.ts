/**
 * Why an attempt failed:
 *
 * - `address-refused`: the URL leads to an address that is not public, or does not use https
 * - `dns`: the host has no address
 * - `connection`: no connection, or it ended before the response
 * - `tls`: no valid certificate, or the TLS handshake failed
 * - `timeout`: the host, the connection or the response took too long
 * - `response`: the response is not valid HTTP, its headers are too large, or too many interim responses precede it
 * - `redirect`: a response with status 3xx; redirects are not followed
 * - `status`: a response with another status that is not 2xx
 */
export const FAILURE_CODES = [
  'address-refused',
  'dns',
  'connection',
  'tls',
  'timeout',
  'response',
  'redirect',
  'status',
] as const;
export type FailureCode = (typeof FAILURE_CODES)[number];

/** The customer reads the message: it contains no address that was resolved, no secret, and no text of a library. */
export class PostFailure extends Error {
  override readonly name = 'PostFailure';

  constructor(
    readonly code: FailureCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** Returns the code of a system error in parentheses, such as ` (ECONNREFUSED)`; nothing for an error without such a code. */
export function errorCodeText(error: unknown): string {
  const { code, errors } = error as { readonly code?: unknown; readonly errors?: readonly unknown[] };
  const own = typeof code === 'string' && /^[A-Z][A-Z\d_]{2,63}$/.test(code) ? ` (${code})` : '';
  return own || (errors?.length ? errorCodeText(errors[0]) : '');
}
