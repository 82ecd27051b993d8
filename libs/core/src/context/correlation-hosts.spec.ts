import { parseCorrelationHosts } from './correlation-hosts.js';

describe('parseCorrelationHosts', () => {
  it.each(['localhost', 'LOCALHOST', 'api.localhost', '127.0.0.1', '127.9.9.9', '::1', '[::1]', '::ffff:127.0.0.1'])(
    'includes the loopback host %s in every list',
    (host) => expect(['', ' ', 'api.example.com'].map((text) => parseCorrelationHosts(text)(host))).toEqual([true, true, true]),
  );

  const hosts = parseCorrelationHosts(
    ' API.example.com , *.internal.example.com.,*.größe.example,my_service, 10.0.0.5,[2001:DB8::1]',
  );

  it.each([
    'api.example.com',
    'Api.Example.COM',
    'api.example.com.',
    'a.internal.example.com',
    'a.b.internal.example.com',
    'a.xn--gre-6ka8i.example',
    'my_service',
    '10.0.0.5',
    '::ffff:10.0.0.5',
    '2001:db8:0::1',
    '[2001:db8::1]',
  ])('includes the host %s of the list', (host) => expect(hosts(host)).toBe(true));

  it.each([
    'example.com',
    'b.api.example.com',
    'internal.example.com',
    'evilinternal.example.com',
    'api.example.com.evil.example',
    'localhost.example.com',
    '127.0.0.1.example.com',
    'xapi.example.com',
    '10.0.0.50',
    '169.254.169.254',
    '0.0.0.0',
    '2001:db8::2',
    '',
    'a b',
    'x'.repeat(10_000),
  ])('does not include the host %s', (host) => expect(hosts(host)).toBe(false));

  it.each([
    'https://api.example.com',
    'api.example.com:443',
    'api.example.com/path',
    'api.example.com?query',
    'api.example.com#hash',
    'api.example.com\\path',
    'api.\nexample.com',
    '*',
    '*.',
    '*.10.0.0.5',
    'api.*.com',
    '**.example.com',
    'a..b',
    '.example.com',
    'a,,b',
    'a,',
    'a b',
    '10.0.0.0/8',
    '1.2.3',
    '-a.example',
    `${'x'.repeat(64)}.example`,
    'user@example.com',
    'null\u0000.example',
  ])('refuses %j with an error that says what to write', (text) => {
    expect(() => parseCorrelationHosts(text)).toThrow(
      expect.objectContaining({
        code: 'PIKAIA_CORRELATION_HOSTS_INVALID',
        message: expect.stringMatching(/which is not a host\. Give host names without scheme, port and path/),
      }),
    );
  });
});
