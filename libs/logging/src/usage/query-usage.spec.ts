import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { context, enterContextAtRequest, parseTrustedProxies, systemClock } from '@pikaia/core';
import { pollUntil } from '../../../../test/support/time/wait-for.js';
import { accessLog } from '../http/access-log.js';
import { getLogger } from '../logger.js';
import { captureLogs } from '../testing/index.js';
import { queryFields, QueryUsage, queryUsage } from './query-usage.js';

describe('QueryUsage', () => {
  it('the total duration includes parallel statements, and statements in flight with their duration so far', () => {
    const usage = new QueryUsage();
    usage.begin(100);
    usage.begin(110);
    expect(usage.totalsAt(120)).toEqual({ count: 2, nanoseconds: 30e6 });
    usage.end(130);
    expect(usage.totalsAt(130)).toEqual({ count: 2, nanoseconds: 50e6 });
    usage.end(130.5);
    expect(usage.totalsAt(999)).toEqual({ count: 2, nanoseconds: 50.5e6 });
  });

  it('there is no usage outside a context, and no usage fields if no statement was sent', () => {
    expect([queryUsage(), queryFields()]).toEqual([undefined, {}]);
    expect(context.run({}, queryFields)).toEqual({});
  });

  it('a caller can write the usage fields under their reserved names', () => {
    using logs = captureLogs();
    context.run({}, () => {
      queryUsage()!.begin(performance.now());
      getLogger('spec').info('event_delivered', queryFields());
    });
    expect(logs.records[0]).toMatchObject({ 'db.query_count': 1, 'db.duration': expect.any(Number) });
    expect(logs.lines[0]).not.toContain('extra.');
  });

  it('the access line of a request has the usage of that request and of no other', async () => {
    using logs = captureLogs();
    const server = createServer((request, response) => {
      const count = Number(request.url!.slice(1));
      for (let index = 0; index < count; index++) {
        const usage = queryUsage()!;
        usage.begin(performance.now());
        setTimeout(() => usage.end(performance.now()), index === 0 ? 0 : 200).unref(); // the other statements outlast the response
      }
      setTimeout(() => response.end(), 5);
    });
    enterContextAtRequest(server, parseTrustedProxies('0'), [accessLog(systemClock)]);
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await Promise.all([0, 1, 2, 3].map((count) => fetch(`http://127.0.0.1:${port}/${count}`).then((answer) => answer.text())));
    await pollUntil(() => logs.of('request_completed').length === 4);
    server.closeAllConnections();
    server.close();
    const lines = new Map(
      logs.of('request_completed').map((line) => [Number(String(line['http.url_details.path']).slice(1)), line]),
    );
    expect(lines.get(0)).not.toHaveProperty(['db.query_count']);
    expect(lines.get(0)).not.toHaveProperty(['db.duration']);
    for (const count of [1, 2, 3]) {
      expect(lines.get(count)).toMatchObject({ 'db.query_count': count });
      const duration = lines.get(count)!['db.duration'] as number;
      expect(Number.isInteger(duration)).toBe(true);
      expect(duration).toBeGreaterThan(0);
      expect(duration).toBeLessThan(count * (lines.get(count)!['duration'] as number) + 1e6);
    }
  });
});
