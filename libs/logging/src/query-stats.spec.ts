import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { context, enterContextAtRequest, parseTrustedProxies, systemClock } from '@pikaia/core';
import { pollUntil } from '../../../test/support/time/wait-for.js';
import { accessLog } from './http/access-log.js';
import { getLogger } from './logger.js';
import { captureLogs } from './testing/index.js';
import { queryStatsFields, QueryStats, currentQueryStats } from './query-stats.js';

describe('QueryStats', () => {
  it('the duration is the time with a statement in flight: parallel statements count once, the time between statements never', () => {
    const stats = new QueryStats();
    stats.begin(100);
    stats.begin(110);
    expect(stats.totalsAt(120)).toEqual({ count: 2, nanoseconds: 20e6 });
    stats.end(130);
    expect(stats.totalsAt(130)).toEqual({ count: 2, nanoseconds: 30e6 });
    stats.end(130.5);
    expect(stats.totalsAt(999)).toEqual({ count: 2, nanoseconds: 30.5e6 });
    stats.begin(200);
    stats.end(201);
    expect(stats.totalsAt(999)).toEqual({ count: 3, nanoseconds: 31.5e6 });
  });

  it('the duration of transactions is the time with an open transaction', () => {
    const stats = new QueryStats();
    stats.begin(100);
    expect(stats.totalsAt(100)).not.toHaveProperty('transactionNanoseconds');
    stats.beginTransaction(101);
    expect(stats.totalsAt(103)).toMatchObject({ transactionNanoseconds: 2e6 });
    stats.endTransaction(105);
    expect(stats.totalsAt(999)).toMatchObject({ transactionNanoseconds: 4e6 });
  });

  it('there are no statistics outside a context, and no fields if no statement was sent', () => {
    expect([currentQueryStats(), queryStatsFields()]).toEqual([undefined, {}]);
    expect(context.run({}, queryStatsFields)).toEqual({});
  });

  it('a caller can write the statistics under their reserved field names', () => {
    using logs = captureLogs();
    context.run({}, () => {
      currentQueryStats()!.begin(performance.now());
      getLogger('spec').info('event_delivered', queryStatsFields());
    });
    expect(logs.records[0]).toMatchObject({ 'db.query_count': 1, 'db.duration': expect.any(Number) });
    expect(logs.lines[0]).not.toContain('extra.');
  });

  it('the access line of a request has the statistics of that request and of no other', async () => {
    using logs = captureLogs();
    const server = createServer((request, response) => {
      const count = Number(request.url!.slice(1));
      for (let index = 0; index < count; index++) {
        const stats = currentQueryStats()!;
        stats.begin(performance.now());
        setTimeout(() => stats.end(performance.now()), index === 0 ? 0 : 200).unref(); // the other statements outlast the response
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
      expect(duration).toBeLessThanOrEqual(lines.get(count)!['duration'] as number);
    }
  });
});
