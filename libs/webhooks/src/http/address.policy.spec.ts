import fc from 'fast-check';
import { AddressPolicy, parseNetworks } from './address.policy.js';

const REFUSED_IPV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];
/** Prefixes before the 32 bits of an IPv4 address: compatible, mapped, translated, NAT64 and its local form. */
const EMBEDDING = ['::', '::ffff:', '::ffff:0:', '64:ff9b::', '64:ff9b:1::'];

const dotted = (number: number): string => [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.');
const groups = (number: number): string => `${(number >>> 16).toString(16)}:${(number & 0xffff).toString(16)}`;
const groupArbitrary = fc.integer({ min: 0, max: 0xffff }).map((group) => group.toString(16));

/** An address in one of the networks. */
const inside = (networks: readonly string[]): fc.Arbitrary<number> =>
  fc.tuple(fc.constantFrom(...networks), fc.integer({ min: 0, max: 0xffff_ffff })).map(([network, random]) => {
    const [base = '', bits] = network.split('/');
    const first = base.split('.').reduce((number, part) => number * 256 + Number(part), 0);
    return first + (random % 2 ** (32 - Number(bits)));
  });

describe('AddressPolicy', () => {
  const policy = new AddressPolicy();

  it.each(['8.8.8.8', '1.1.1.1', '93.184.215.14', '2606:4700:4700::1111', '2a00:1450:4001:82a::200e'])(
    'permits the public address %s',
    (address) => {
      expect(policy.permits(address)).toBe(true);
    },
  );

  it('refuses every IPv4 address that is not public', () => {
    fc.assert(fc.property(inside(REFUSED_IPV4), (number) => !policy.permits(dotted(number))));
  });

  it('refuses every IPv6 address that contains an IPv4 address, in both spellings', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), fc.constantFrom(...EMBEDDING), (number, prefix) => {
        expect([`${prefix}${dotted(number)}`, `${prefix}${groups(number)}`].filter((text) => policy.permits(text))).toEqual([]);
        expect(policy.permits(`2002:${groups(number)}::1`)).toBe(false); // 6to4
        expect(policy.permits(`2001:0:${groups(number)}::1`)).toBe(false); // Teredo
      }),
    );
  });

  it('refuses every IPv6 address outside the public network', () => {
    const address = fc.array(groupArbitrary, { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(address, (parts) => {
        fc.pre(!/^[23]...$/.test(parts[0]!.padStart(4, '0')));
        expect(policy.permits(parts.join(':'))).toBe(false);
      }),
    );
  });

  it.each([
    ['the metadata service of AWS', '169.254.169.254'],
    ['the metadata service of AWS on IPv6', 'fd00:ec2::254'],
    ['the metadata service of Alibaba Cloud', '100.100.100.200'],
    ['the metadata service of Oracle Cloud', '192.0.0.192'],
    ['the platform address of Azure', '168.63.129.16'],
    ['an address with a zone', 'fe80::1%eth0'],
    ['documentation', '2001:db8::1'],
    ['newer documentation', '3fff::1'],
    ['a host name', 'example.com'],
    ['no text', ''],
  ])('refuses %s', (_, address) => {
    expect(policy.permits(address)).toBe(false);
  });

  it('permits an address in an allowed network, and no other', () => {
    const development = new AddressPolicy(parseNetworks(' 127.0.0.0/8, ::1,'));
    expect(['127.0.0.1', '127.255.255.255', '::1', '8.8.8.8'].filter((text) => !development.permits(text))).toEqual([]);
    expect(['10.0.0.1', '::2', '::ffff:127.0.0.1', '169.254.169.254'].filter((text) => development.permits(text))).toEqual([]);
  });

  it.each(['localhost', '127.0.0.1/33', '1/8/8', '::1/129'])('refuses to read %j as a network', (text) => {
    expect(() => parseNetworks(text)).toThrow();
  });
});
