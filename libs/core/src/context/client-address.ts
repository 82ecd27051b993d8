import ipaddr from 'ipaddr.js';
import { parseInteger } from '../decimal.js';
import { PikaiaError } from '../errors/pikaia.error.js';
import { splitList } from '../split-list.js';

/** The proxies whose X-Forwarded-For entries are trusted: the last `hops` proxies, or all proxies in `networks`. */
export type TrustedProxies = { readonly hops: number } | { readonly networks: readonly [ipaddr.IPv4 | ipaddr.IPv6, number][] };

const MAX_HOPS = 99;

/**
 * Parses the setting TRUSTED_PROXIES.
 *
 * @throws PikaiaError `PIKAIA_TRUSTED_PROXIES_INVALID` for text that is neither a number of hops nor a list of networks.
 */
export function parseTrustedProxies(text: string): TrustedProxies {
  const trimmed = text.trim();
  const hops = parseInteger(trimmed);
  if (hops !== undefined && hops <= MAX_HOPS) return { hops };
  try {
    return { networks: splitList(trimmed).map(parseNetwork) };
  } catch (cause) {
    throw new PikaiaError(
      'PIKAIA_TRUSTED_PROXIES_INVALID',
      `TRUSTED_PROXIES is ${JSON.stringify(text)}: give a number of hops (1) or networks (10.0.0.0/8,fd00::/8).`,
      { cause },
    );
  }
}

function parseNetwork(text: string): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  const [address = '', bits = address.includes(':') ? '128' : '32', ...more] = text.split('/');
  if (!isAddress(address) || parseInteger(bits) === undefined || more.length) throw new Error(`${text} is not a network`);
  return ipaddr.parseCIDR(`${withoutDots(address)}/${bits}`);
}

/** True for an IPv6 address and for four decimal numbers. ipaddr.js would also read octal and hexadecimal numbers. */
const isAddress = (text: string): boolean => {
  const ipv6 = withoutDots(text);
  return ipaddr.IPv4.isValidFourPartDecimal(text) || (!ipv6.includes('.') && ipaddr.IPv6.isValid(ipv6));
};

/** Rewrites an IPv6 address that ends in an IPv4 address. ipaddr.js reads every such address as IPv4-mapped, also `::127.0.0.1`. */
const withoutDots = (text: string): string =>
  text.replace(/(?<=:)\d+\.\d+\.\d+\.\d+$/, (dotted) => {
    if (!ipaddr.IPv4.isValidFourPartDecimal(dotted)) return dotted;
    const [a, b, c, d] = ipaddr.IPv4.parse(dotted).toByteArray() as [number, number, number, number];
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });

/** Converts the text of an address. An IPv4-mapped IPv6 address becomes an IPv4 address. */
const toAddress = (text: string): ipaddr.IPv4 | ipaddr.IPv6 => ipaddr.process(withoutDots(text));

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
  const chain = [peer ?? '', ...splitList(forwardedFor).filter(Boolean).reverse()];
  let at = 0;
  while (at < chain.length - 1 && isTrusted(chain[at]!, at, trusted)) at++;
  return toClientAddress(chain[at]!);
}

/**
 * Returns an IP address as the context and audit entries contain it: IPv6 in its short lower-case form without a zone, and an
 * IPv4-mapped address as IPv4. Returns undefined for other texts.
 */
export function canonicalAddress(text: string): string | undefined {
  const unzoned = text.includes(':') ? text.split('%', 1)[0]! : text;
  return isAddress(unzoned) ? toAddress(unzoned).toString() : undefined;
}

/**
 * Returns the key under which requests of a client are counted: an IPv4 address itself, and the /64 network of an IPv6 address,
 * because one customer of an access provider has all addresses of such a network.
 *
 * @param address an address of the context, in its canonical form.
 */
export function clientNetwork(address: string): string {
  if (!address.includes(':')) return address;
  return `${new ipaddr.IPv6([...ipaddr.IPv6.parse(address).parts.slice(0, 4), 0, 0, 0, 0]).toString()}/64`;
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
  return isAddress(unzoned) ? toAddress(unzoned) : undefined;
}
