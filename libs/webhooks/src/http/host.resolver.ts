import { Resolver } from 'node:dns/promises';
import { errorCodeText, PostFailure } from './post.failure.js';

/** Returns all addresses of a host. @throws PostFailure with `dns` or `timeout`. */
export type HostResolver = (host: string) => Promise<readonly string[]>;

export interface DnsOptions {
  readonly timeoutMs: number;
  /** Addresses of the name servers, such as `10.0.0.2` or `127.0.0.1:5353`. Default: those of the system. */
  readonly servers?: readonly string[];
}

const TRIES = 2;

/** The name or the address of the host of a URL, without the brackets of an IPv6 address. */
export const hostOf = ({ hostname }: URL): string => (hostname.startsWith('[') ? hostname.slice(1, -1) : hostname);

/**
 * Asks name servers for the addresses of a host. It reads no hosts file and adds no search domain, so internal names do not
 * resolve. Unlike `dns.lookup`, a name server that does not respond blocks no thread that other hosts need.
 */
export const dnsResolver =
  ({ timeoutMs, servers }: DnsOptions): HostResolver =>
  async (host) => {
    if (isLocalhost(host)) return ['127.0.0.1'];
    const resolver = new Resolver({ timeout: Math.ceil(timeoutMs / TRIES), tries: TRIES });
    if (servers) resolver.setServers(servers);
    const timer = setTimeout(() => resolver.cancel(), timeoutMs);
    const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
    clearTimeout(timer);
    const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    if (!addresses.length) throw failureOf(answers, timeoutMs);
    return addresses;
  };

/** RFC 6761 reserves these names for the loopback address. */
const isLocalhost = (host: string): boolean => /^(.+\.)?localhost\.?$/i.test(host);

function failureOf(answers: readonly PromiseSettledResult<unknown>[], timeoutMs: number): PostFailure {
  const causes = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as { code?: string }] : []));
  const timedOut = causes.find(({ code }) => code === 'ETIMEOUT' || code === 'ECANCELLED');
  if (timedOut) return new PostFailure('timeout', `The host name was not resolved within ${timeoutMs} ms.`, { cause: timedOut });
  const cause = causes[0];
  return new PostFailure('dns', `The host name has no address${errorCodeText(cause)}.`, { cause });
}
