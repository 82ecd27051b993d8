import ipaddr from 'ipaddr.js';
import { domainToASCII } from 'node:url';
import { PikaiaError } from '../errors/pikaia.error.js';
import { splitList } from '../split-list.js';

/** Says whether requests to a host carry the correlation id. The host is a name or an address, without a port. */
export type CorrelationHosts = (host: string) => boolean;

/**
 * Parses the setting LOG_CORRELATION_HOSTS: host names and addresses, separated by commas. `*.example.com` stands for all names below
 * example.com. Loopback hosts are always included.
 *
 * @throws PikaiaError `PIKAIA_CORRELATION_HOSTS_INVALID` for text that is not such a list.
 */
export function parseCorrelationHosts(text: string): CorrelationHosts {
  const names = new Set<string>();
  const suffixes: string[] = [];
  for (const host of text.trim() === '' ? [] : splitList(text)) {
    const isWildcard = host.startsWith('*.');
    const name = normalHost(isWildcard ? host.slice(2) : host);
    if (name === undefined || (isWildcard && ipaddr.isValid(name))) {
      throw new PikaiaError(
        'PIKAIA_CORRELATION_HOSTS_INVALID',
        `LOG_CORRELATION_HOSTS contains ${JSON.stringify(host)}, which is not a host. Give host names without scheme, port and path, separated by commas (api.example.com,*.internal.example.com).`,
      );
    }
    if (isWildcard) suffixes.push(`.${name}`);
    else names.add(name);
  }
  return (host) => {
    const name = normalHost(host);
    if (name === undefined) return false;
    return isLoopback(name) || names.has(name) || suffixes.some((suffix) => name.endsWith(suffix));
  };
}

/** Labels of letters, digits, hyphens and underscores, which names of containers can have. */
const HOST_NAME = /^(?=.{1,253}$)[a-z\d_]([a-z\d_-]{0,61}[a-z\d_])?(\.[a-z\d_]([a-z\d_-]{0,61}[a-z\d_])?)*$/;

/** Returns the form in which hosts are compared. Undefined: the text is not a host. */
function normalHost(text: string): string | undefined {
  const bare = /^\[(.*)\]$/.exec(text)?.[1] ?? text;
  if (ipaddr.IPv4.isValidFourPartDecimal(bare) || ipaddr.IPv6.isValid(bare)) return ipaddr.process(bare).toString();
  if (/[/\\?#@:\s]/.test(text)) return undefined; // domainToASCII ignores what follows them
  const name = domainToASCII(text.replace(/\.$/, '')).toLowerCase(); // empty for a name with characters that no host has
  return HOST_NAME.test(name) && !/^[\d.]+$/.test(name) ? name : undefined;
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host.endsWith('.localhost') || (ipaddr.isValid(host) && ipaddr.parse(host).range() === 'loopback');
