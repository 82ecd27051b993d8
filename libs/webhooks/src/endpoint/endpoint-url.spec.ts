import { canonicalEndpointUrl, endpointUrlProblem } from './endpoint-url.js';

const problemOf = (url: unknown, isProduction = true) => endpointUrlProblem(url, { isProduction });

describe('endpointUrlProblem', () => {
  it.each([
    'https://example.com',
    'https://example.com/webhooks?tenant=1',
    'https://hooks.example.com:8443/a/b',
    'HTTPS://EXAMPLE.COM/',
    'https://bücher.example/ä',
    'https://example.com./',
    `https://example.com/${'x'.repeat(2_000)}`,
  ])('accepts %s in production', (url) => {
    expect(problemOf(url)).toBeUndefined();
  });

  it.each([
    [null, 'must be a string'],
    [7, 'must be a string'],
    ['', 'must be a URL'],
    [' https://example.com', 'must be a URL'],
    ['https://exam\nple.com', 'must be a URL'],
    ['https:example.com', 'must be a URL'],
    ['https:\\\\example.com', 'must be a URL'],
    ['example.com', 'must be a URL'],
    ['ftp://example.com', 'must be a URL'],
    ['file:///etc/passwd', 'must be a URL'],
    ['http://example.com', 'must begin with https://'],
    ['https://user@example.com', 'user name'],
    ['https://:secret@example.com', 'user name'],
    ['https://example.com/#', 'fragment'],
    ['https://example.com/#part', 'fragment'],
    ['https://127.0.0.1', 'IP address'],
    ['https://2130706433', 'IP address'],
    ['https://0x7f.1', 'IP address'],
    ['https://0177.0.0.1', 'IP address'],
    ['https://8.8.8.8', 'IP address'],
    ['https://[::1]', 'IP address'],
    ['https://[::ffff:10.0.0.1]', 'IP address'],
    ['https://①②⑦.0.0.1', 'IP address'],
    ['https://localhost', 'public domain name'],
    ['https://LOCALHOST./', 'public domain name'],
    ['https://a.localhost', 'public domain name'],
    ['https://metadata.google.internal', 'public domain name'],
    ['https://intranet', 'public domain name'],
    ['https://example.com:25', 'port'],
    ['https://example.com:80', 'port'],
    ['https://example.com:0', 'port'],
    [`https://example.com/${'x'.repeat(2_048)}`, 'at most 2048 characters'],
    [`https://example.com/${'ä'.repeat(1_000)}`, 'percent-encoded'],
  ])('refuses %j in production', (url, problem) => {
    expect(problemOf(url)).toContain(problem);
  });

  it('accepts http and local names in development, but no credentials and no fragment', () => {
    for (const url of ['http://127.0.0.1:3005/hook', 'http://localhost', 'http://[::1]:80/'])
      expect(problemOf(url, false)).toBeUndefined();
    expect(problemOf('http://user@localhost', false)).toContain('user name');
    expect(problemOf('http://localhost/#', false)).toContain('fragment');
  });
});

describe('canonicalEndpointUrl', () => {
  it('writes every spelling of a URL in the same way', () => {
    for (const [url, canonical] of [
      ['HTTPS://Example.COM', 'https://example.com/'],
      ['https://example.com:443/a/../b', 'https://example.com/b'],
      ['https://bücher.example/ä', 'https://xn--bcher-kva.example/%C3%A4'],
    ])
      expect(canonicalEndpointUrl(url!)).toBe(canonical);
    expect(canonicalEndpointUrl('no url')).toBeUndefined();
  });
});
