import { canonicalAddress, clientNetwork, findClientAddress, parseTrustedProxies } from './client-address.js';

describe('findClientAddress', () => {
  const find = (trusted: string, peer: string, forwarded?: string) =>
    findClientAddress(peer, forwarded, parseTrustedProxies(trusted));

  it('returns the address of the peer when no proxy is trusted, whatever the header contains', () => {
    expect(find('0', '198.51.100.7', '1.2.3.4')).toEqual({ address: '198.51.100.7' });
  });

  it('returns the address that the last trusted hop added, not the addresses that the client wrote to the left of it', () => {
    expect(find('1', '10.0.0.1', '1.2.3.4, 198.51.100.7')).toEqual({ address: '198.51.100.7' });
    expect(find('2', '10.0.0.1', '1.2.3.4, 198.51.100.7, 10.0.0.2')).toEqual({ address: '198.51.100.7' });
  });

  it('skips all addresses in trusted networks', () => {
    expect(find('10.0.0.0/8, fd00::/8', '::ffff:10.0.0.1', '1.2.3.4, 198.51.100.7, fd00::5, 10.9.9.9')).toEqual({
      address: '198.51.100.7',
    });
  });

  it('returns the raw text instead of throwing when the header does not contain an address', () => {
    expect(find('1', '10.0.0.1', "not-an-ip'; drop table")).toEqual({ address: null, unparsed: "not-an-ip'; drop table" });
  });

  it('normalizes an address by removing its port and its IPv6 prefix', () => {
    expect(find('0', '::ffff:198.51.100.7').address).toBe('198.51.100.7');
    expect(find('1', '10.0.0.1', '198.51.100.7:4711').address).toBe('198.51.100.7');
    expect(find('1', '10.0.0.1', '[2001:db8::1]:443').address).toBe('2001:db8::1');
  });
});

describe('canonicalAddress', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::FFFF:CB00:7107', '203.0.113.7'],
    ['2001:DB8::0001', '2001:db8::1'],
    ['2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::127.0.0.1', '::7f00:1'],
    ['::7F00:1', '::7f00:1'],
    ['64:ff9b::203.0.113.7', '64:ff9b::cb00:7107'],
    ['::ffff:0:203.0.113.7', '::ffff:0:cb00:7107'],
  ])('maps %s to %s, the form of the context', (text, canonical) => {
    expect(canonicalAddress(text)).toBe(canonical);
    expect(findClientAddress(text, undefined, { hops: 0 })).toEqual({ address: canonical });
  });

  it.each([
    '',
    '203.0.113',
    '203.0.113.07',
    '0xcb.0.113.7',
    '203.0.113.7:80',
    '203.0.113.7%1',
    '::1.2.3',
    '::1.2.3.256',
    '::ffff:1.2.3.04',
    '[::1]',
    ' ::1',
    'localhost',
  ])('returns undefined for %j', (text) => expect(canonicalAddress(text)).toBeUndefined());
});

describe('clientNetwork', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8::/64'],
    ['::1', '::/64'],
    ['fe80::1:2:3:4', 'fe80::/64'],
  ])('of %s is %s', (address, network) => {
    expect(clientNetwork(address)).toBe(network);
  });
});

describe('parseTrustedProxies', () => {
  it.each(['', 'maybe', '10.0.0.0/99', '-1', '01', '+1', '1.0', '1e1', '0x0a.0.0.0/8', '010.0.0.0/8', '10.0.0.0/08'])(
    'refuses %j with a message that lists the accepted values',
    (text) => {
      expect(() => parseTrustedProxies(text)).toThrow(/number of hops/);
    },
  );
});
