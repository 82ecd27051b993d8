import { randomUUID } from 'node:crypto';
import { TcpProxy } from '../support/database/tcp.proxy.js';
import { System, type ApiResponse } from '../support/system/system.js';

const ALICE = 'alice@example.com';
const OLGA = 'olga@example.com';

describe('a list of large items', () => {
  const EVENTS = 100;
  const PAYLOAD_BYTES = 256_000;
  const MAX_RESPONSE_BYTES = 1_500_000;
  const INSERT_EVENTS = `
    with payload as (
      select json_build_object('actor', null, 'data', json_build_object('note', repeat(md5(random()::text), ${PAYLOAD_BYTES / 32}))) as whole)
    insert into outbox.outbox_log (event_id, event_type, schema_version, aggregate_type, aggregate_id, organization_id,
      correlation_id, occurred_at, size, payload)
    select gen_random_uuid(), 'large.made', 1, 'large', n::text, $2, $1, clock_timestamp(),
      octet_length(whole::text), whole from payload, generate_series(1, ${EVENTS}) n`;
  const correlation = randomUUID();
  let system: System;
  let organization: string;
  let proxy: TcpProxy;
  let port: number;

  interface Item {
    readonly event_id: string;
    readonly payload: unknown;
    readonly shortened: { readonly bytes: number; readonly url: string } | null;
  }

  beforeAll(async () => {
    system = await System.start({ worker: false });
    organization = String((await system.request('GET', '/me', { as: ALICE })).body['organization_id']);
    proxy = await TcpProxy.start(system.database.apiUrl);
    const api = await system.startApi({ DATABASE_URL: proxy.proxyUrl(system.database.apiUrl) });
    port = api.port;
    await system.query(INSERT_EVENTS, [correlation, organization]);
  });
  afterAll(async () => {
    await system.stop();
    await proxy.stop();
  });

  const get = (path: string, as = ALICE) => system.request('GET', path, { as, port });
  const itemsOf = ({ body }: ApiResponse) => body['data'] as Item[];
  const bytesOf = ({ body }: ApiResponse): number => Buffer.byteLength(JSON.stringify(body));

  it.each([ALICE, OLGA])(
    'is short and read in short form, so health checks are answered at any time, and each item links to the whole: %s',
    async (as) => {
      const before = proxy.bytesToClients;
      const [page, health] = await Promise.all([
        get(`/admin/events?event_type=large.made&limit=${EVENTS}`, as),
        system.request('GET', '/health/ready', { port }),
      ]);
      expect(health.status).toBe(200);
      expect(proxy.bytesToClients - before).toBeLessThan(MAX_RESPONSE_BYTES);
      expect(bytesOf(page)).toBeLessThan(MAX_RESPONSE_BYTES);
      const items = itemsOf(page);
      expect(items).toHaveLength(EVENTS);
      for (const { event_id: id, payload, shortened } of items) {
        expect(payload).toBeNull();
        expect(shortened).toEqual({ bytes: expect.any(Number), url: `/api/v1/admin/events/${id}` });
        expect(shortened!.bytes).toBeGreaterThan(PAYLOAD_BYTES);
      }
      const whole = await get(items[0]!.shortened!.url.replace('/api/v1', ''));
      expect(whole.body).toMatchObject({ shortened: null, payload: { data: { note: expect.any(String) } } });
      expect(bytesOf(whole)).toBeGreaterThan(PAYLOAD_BYTES);
    },
  );

  it('is also short in the timeline of a correlation id', async () => {
    const before = proxy.bytesToClients;
    const trail = await get(`/admin/correlations/${correlation}`);
    expect(proxy.bytesToClients - before).toBeLessThan(MAX_RESPONSE_BYTES);
    expect(bytesOf(trail)).toBeLessThan(MAX_RESPONSE_BYTES);
    expect(trail.body['truncated']).toEqual([]);
    const [first] = trail.body['entries'] as Item[];
    expect(first).toMatchObject({ payload: null, shortened: { url: `/api/v1/admin/events/${first!.event_id}` } });
  });

  it('the timeline says which kind it cut, and where the rest is', async () => {
    await system.query(INSERT_EVENTS, [correlation, organization]);
    const { body } = await get(`/admin/correlations/${correlation}`);
    expect(body['entries']).toHaveLength(EVENTS);
    const [cut, ...others] = body['truncated'] as { kind: string; shown: number; next: string; reason: string }[];
    expect(others).toEqual([]);
    expect(cut).toEqual({ kind: 'event', shown: EVENTS, next: expect.any(String), hint: expect.any(String) });
    const rest = itemsOf(await get(cut!.next.replace('/api/v1', '')));
    const shown = (body['entries'] as Item[]).map(({ event_id }) => event_id);
    expect(new Set([...shown, ...rest.map(({ event_id }) => event_id)]).size).toBe(2 * EVENTS);
  });
});
