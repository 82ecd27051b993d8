const MAX_CHARACTERS = 2_048;
const HTTPS_PORT = 443;
const MIN_UNPRIVILEGED_PORT = 1_024;
const SCHEME = /^https?:\/\//i; // the parser also accepts https:example.com and https:\\example.com
const IGNORED = /[\s\p{Cc}]/u; // the parser removes tabs and line breaks
const IPV4 = /^\d+(\.\d+){3}$/; // the parser writes every spelling of an address like this
/** Names that do not lead to a public server. */
const LOCAL_NAME = /(^|\.)(localhost|local|localdomain|internal|intranet|lan|home\.arpa|test|invalid)$/;

export interface EndpointUrlRules {
  /** Refuses http, IP addresses and local names. */
  readonly isProduction: boolean;
}

/**
 * Returns the URL of an endpoint in its one spelling: the host in lower case and ASCII, the path percent-encoded. Returns undefined for a
 * text that is not a URL.
 */
export const canonicalEndpointUrl = (text: string): string | undefined =>
  SCHEME.test(text) && !IGNORED.test(text) && URL.canParse(text) ? new URL(text).href : undefined;

/**
 * Returns why a URL cannot be registered as an endpoint, such as `must begin with https://`; undefined if it can.
 *
 * The sender also checks the addresses to which the host resolves, because they can change after the registration.
 */
export function endpointUrlProblem(value: unknown, { isProduction }: EndpointUrlRules): string | undefined {
  if (typeof value !== 'string') return 'must be a string';
  if (value.length > MAX_CHARACTERS) return `must have at most ${MAX_CHARACTERS} characters`;
  const canonical = canonicalEndpointUrl(value);
  if (canonical === undefined) return 'must be a URL such as https://example.com/webhooks, without white space';
  if (canonical.length > MAX_CHARACTERS) return `must have at most ${MAX_CHARACTERS} characters when it is percent-encoded`;
  const { protocol, username, password, hostname, port } = new URL(canonical);
  if (protocol !== 'https:' && isProduction) return 'must begin with https://';
  if (username !== '' || password !== '') return 'must not contain a user name or password';
  if (canonical.includes('#')) return 'must not contain a fragment (#)';
  return isProduction ? (hostProblem(hostname.replace(/\.$/, '')) ?? portProblem(port)) : undefined;
}

function hostProblem(host: string): string | undefined {
  if (IPV4.test(host) || host.startsWith('[')) return 'must contain a domain name instead of an IP address';
  if (!host.includes('.') || LOCAL_NAME.test(host)) return 'must contain a public domain name';
  return undefined;
}

/** Refuses the ports of other protocols, such as mail. */
const portProblem = (port: string): string | undefined =>
  port === '' || Number(port) === HTTPS_PORT || Number(port) >= MIN_UNPRIVILEGED_PORT
    ? undefined
    : `must have port ${HTTPS_PORT} or a port from ${MIN_UNPRIVILEGED_PORT}`;

export const ENDPOINT_URL_LIMITS = { max: MAX_CHARACTERS, pattern: '^[Hh][Tt][Tt][Pp][Ss]?://' };
