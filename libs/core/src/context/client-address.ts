import ipaddr from 'ipaddr.js';
import { PikaiaError } from '../errors/pikaia.error.js';

/** Which peers may add to X-Forwarded-For: that many hops before us, or the networks that they are in. */
export type TrustedProxies = { readonly hops: number } | { readonly networks: readonly [ipaddr.IPv4 | ipaddr.IPv6, number][] };

/** @throws PikaiaError `PIKAIA_TRUSTED_PROXIES_INVALID` for text that is neither a number of hops nor a list of networks. */
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
 * The address of the client: the first one, seen from us, that no trusted proxy has added.
 * What stands left of it was written by the client and proves nothing.
 */
export function findClientAddress(
  peer: string | undefined,
  forwardedFor: string | undefined,
  trusted: TrustedProxies,
): ClientAddress {
  if (!forwardedFor) return normalized(peer ?? '');
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
  return normalized(chain[at]!);
}

type ClientAddress = { readonly address: string | null; readonly unparsed?: string };

const CACHE_LIMIT = 1_000; // addresses; a connection asks again with each of its requests
const known = new Map<string, ClientAddress>();

function normalized(raw: string): ClientAddress {
  let found = known.get(raw);
  if (!found) {
    const address = normal(raw);
    found = address ? { address: address.toString() } : { address: null, unparsed: raw.slice(0, 256) };
    if (known.size >= CACHE_LIMIT) known.clear();
    if (raw.length <= 64) known.set(raw, found);
  }
  return found;
}

function isTrusted(address: string, hop: number, trusted: TrustedProxies): boolean {
  if ('hops' in trusted) return hop < trusted.hops;
  const parsed = normal(address);
  return !!parsed && trusted.networks.some(([network, bits]) => network.kind() === parsed.kind() && parsed.match(network, bits));
}

/** Without a port and a zone; IPv4 in its own form where it arrived inside IPv6. */
function normal(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  const bare = /^\[(.+)\](?::\d+)?$/.exec(text)?.[1] ?? (/^\d+\.\d+\.\d+\.\d+:\d+$/.test(text) ? text.split(':')[0]! : text);
  const unzoned = bare.split('%')[0]!;
  if (!ipaddr.IPv4.isValidFourPartDecimal(unzoned) && !ipaddr.IPv6.isValid(unzoned)) return undefined;
  return ipaddr.process(unzoned);
}
