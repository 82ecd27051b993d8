import ipaddr from 'ipaddr.js';
import { PikaiaError } from '../errors/pikaia.error.js';

/** The proxies whose X-Forwarded-For entries are trusted: the last `hops` proxies, or all proxies in `networks`. */
export type TrustedProxies = { readonly hops: number } | { readonly networks: readonly [ipaddr.IPv4 | ipaddr.IPv6, number][] };

/**
 * Parses the setting TRUSTED_PROXIES.
 *
 * @throws PikaiaError `PIKAIA_TRUSTED_PROXIES_INVALID` for text that is neither a number of hops nor a list of networks.
 */
export function parseTrustedProxies(text: string): TrustedProxies {
  const trimmed = text.trim();
  if (/^\d{1,2}$/.test(trimmed)) return { hops: Number(trimmed) };
  try {
    return {
      networks: trimmed.split(',').map((part) => {
        const network = part.trim();
        return ipaddr.parseCIDR(network.includes('/') ? network : `${network}/${network.includes(':') ? 128 : 32}`);
      }),
    };
  } catch (cause) {
    throw new PikaiaError(
      'PIKAIA_TRUSTED_PROXIES_INVALID',
      `TRUSTED_PROXIES is ${JSON.stringify(text)}: give a number of hops (1) or networks (10.0.0.0/8,fd00::/8).`,
      { cause },
    );
  }
}

/**
 * Returns the address of the client: the last address in the chain that is not a trusted proxy.
 * The addresses to the left of it are not trustworthy, because the client can write any of them.
 */
export function findClientAddress(
  peer: string | undefined,
  forwardedFor: string | undefined,
  trusted: TrustedProxies,
): ClientAddress {
  if (!forwardedFor) return toClientAddress(peer ?? '');
  const chain = [
    peer ?? '',
    ...forwardedFor
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean)
      .reverse(),
  ];
  let at = 0;
  while (at < chain.length - 1 && isTrusted(chain[at]!, at, trusted)) at++;
  return toClientAddress(chain[at]!);
}

type ClientAddress = { readonly address: string | null; readonly unparsed?: string };

const MAX_CACHED_ADDRESSES = 1_000; // the requests of one connection repeat its address
const cachedAddresses = new Map<string, ClientAddress>();

function toClientAddress(raw: string): ClientAddress {
  let found = cachedAddresses.get(raw);
  if (!found) {
    const address = parseAddress(raw);
    found = address ? { address: address.toString() } : { address: null, unparsed: raw.slice(0, 256) };
    if (cachedAddresses.size >= MAX_CACHED_ADDRESSES) cachedAddresses.clear();
    if (raw.length <= 64) cachedAddresses.set(raw, found);
  }
  return found;
}

function isTrusted(address: string, hop: number, trusted: TrustedProxies): boolean {
  if ('hops' in trusted) return hop < trusted.hops;
  const parsed = parseAddress(address);
  return !!parsed && trusted.networks.some(([network, bits]) => network.kind() === parsed.kind() && parsed.match(network, bits));
}

/** Parses an address without its port and zone. An IPv4-mapped IPv6 address becomes an IPv4 address. */
function parseAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  const bare = /^\[(.+)\](?::\d+)?$/.exec(text)?.[1] ?? (/^\d+\.\d+\.\d+\.\d+:\d+$/.test(text) ? text.split(':')[0]! : text);
  const unzoned = bare.split('%')[0]!;
  if (!ipaddr.IPv4.isValidFourPartDecimal(unzoned) && !ipaddr.IPv6.isValid(unzoned)) return undefined;
  return ipaddr.process(unzoned);
}
