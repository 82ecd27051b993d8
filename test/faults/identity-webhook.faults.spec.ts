import { memberNotice, svixHeaders } from '../../apps/api/src/identity/development-notice.js';
import { TcpProxy } from '../support/database/tcp.proxy.js';
import { IdentityProvider, traceWith } from '../support/system/identity.provider.js';
import { System } from '../support/system/system.js';
import { waitFor } from '../support/time/wait-for.js';

describe('the webhook of the identity provider', () => {
  it('has one effect if the process is killed between the commit and its response, and the provider delivers it again', async () => {
    const system = await System.start({ worker: false });
    const proxy = await TcpProxy.start(system.database.apiUrl);
    try {
      const [acme] = await system.query<{ provider_id: string }>(
        `select provider_id from organizations_organization where slug = 'acme'`,
      );
      const provider = new IdentityProvider(system);
      const person = provider.newMember(acme!.provider_id);
      const body = JSON.stringify(memberNotice(person, { action: 'CREATE' }));
      const headers = svixHeaders(body, { id: 'msg_killed' });
      const doomed = await system.startApi({ DATABASE_URL: proxy.proxyUrl(system.database.apiUrl) });

      proxy.dropResponsesTo('COMMIT');
      const unanswered = expect(
        system.request('POST', '/identity/webhook', { body, headers, port: doomed.port }),
      ).rejects.toThrow();
      await waitFor('the effect is committed', async () => (await provider.membershipsOf(person)).length === 1);
      expect(proxy.connectionsWithoutResponses).toBe(1);
      await doomed.kill();
      await unanswered;

      const { port } = system.services[0]!;
      const again = svixHeaders(body, { id: 'msg_killed' });
      const retry = await system.request('POST', '/identity/webhook', { body, headers: again, port });
      expect(retry).toMatchObject({ status: 200, body: { outcome: 'duplicate' } });
      const memberships = await provider.membershipsOf(person);
      expect(memberships).toMatchObject([{ status: 'active' }]);
      expect(await provider.traceOf(memberships[0]!.id)).toEqual(traceWith('member.joined'));
    } finally {
      await proxy.stop();
      await system.stop();
    }
  });
});
