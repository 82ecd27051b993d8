import { splitList } from '@pikaia/core';
import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
export type Network = readonly [Address, number];

/** The addresses that IANA assigns to the public Internet. NAT64, IPv4-mapped and IPv4-compatible addresses are outside. */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');

/** Public by its number, but an address of the platform inside every virtual machine of Azure. */
const AZURE_PLATFORM = ipaddr.IPv4.parse('168.63.129.16');

/**
 * Parses networks such as `127.0.0.0/8, ::1`.
 *
 * @throws Error for a text that is not a network.
 */
export const parseNetworks = (text: string): Network[] =>
  splitList(text)
    .filter(Boolean)
    .map((part) => ipaddr.parseCIDR(part.includes('/') ? part : `${part}/${part.includes(':') ? 128 : 32}`));

/**
 * Decides which addresses a webhook may be sent to: public unicast addresses, and those in `allowed`.
 *
 * IPv6 addresses that contain an IPv4 address (mapped, NAT64, 6to4, Teredo) are refused, because they can lead to a private one.
 */
export class AddressPolicy {
  constructor(private readonly allowed: readonly Network[] = []) {}

  /** @param text an address as the URL parser, a name server or a socket writes it. Another text is refused. */
  permits(text: string): boolean {
    if (!ipaddr.isValid(text)) return false;
    const address = ipaddr.parse(text);
    return isPublic(address) || this.allowed.some(([network, bits]) => isInside(address, network, bits));
  }
}

function isPublic(address: Address): boolean {
  if (address.range() !== 'unicast') return false;
  if (address instanceof ipaddr.IPv4) return !address.match(AZURE_PLATFORM, 32);
  return address.match(GLOBAL_IPV6);
}

const isInside = (address: Address, network: Address, bits: number): boolean =>
  address.kind() === network.kind() && address.match(network, bits);
