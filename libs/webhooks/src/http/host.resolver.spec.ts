import { NameServer, type NameAnswer } from '../../../../test/support/http/name.server.js';
import { dnsResolver, hostOf } from './host.resolver.js';

const RECORDS: Readonly<Record<string, NameAnswer>> = {
  'both.example': ['93.184.215.14', '93.184.215.15', '2606:4700::1'],
  'six.example': ['2606:4700::1'],
  'empty.example': [],
  'silent.example': 'silent',
};

describe('dnsResolver', () => {
  let server: NameServer;

  beforeAll(async () => {
    server = await NameServer.start((name) => RECORDS[name]);
  });
  afterAll(() => server.stop());

  const resolve = (host: string, timeoutMs = 2_000) => dnsResolver({ timeoutMs, servers: [server.address] })(host);

  it('returns the addresses of both kinds', async () => {
    await expect(resolve('both.example')).resolves.toEqual(['93.184.215.14', '93.184.215.15', '2606:4700::1']);
    await expect(resolve('six.example')).resolves.toEqual(['2606:4700::1']);
  });

  it.each(['empty.example', 'unknown.example', 'x'.repeat(64), 'a..b'])('refuses %s, which has no address', async (host) => {
    await expect(resolve(host)).rejects.toMatchObject({
      code: 'dns',
      message: expect.stringMatching(/^The host name has no address( \(E[A-Z]+\))?\.$/),
    });
  });

  it('gives up in time if the name server does not respond', async () => {
    const failure = { code: 'timeout', message: 'The host name was not resolved within 100 ms.' };
    await expect(resolve('silent.example', 100)).rejects.toMatchObject(failure);
  });

  it.each(['localhost', 'LocalHost.', 'a.localhost'])('resolves %s without a name server', async (host) => {
    const before = server.asked.length;
    await expect(resolve(host)).resolves.toEqual(['127.0.0.1']);
    expect(server.asked).toHaveLength(before);
  });
});

describe('hostOf', () => {
  it('returns the host without port and brackets', () => {
    expect(['https://a.example:8443/x', 'https://[::1]:1/'].map((url) => hostOf(new URL(url)))).toEqual(['a.example', '::1']);
  });
});
