// The tests of the application. Jest and Vitest run them as shop.spec.js.
import type { INestApplication } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import { Test } from '@nestjs/testing';
import { auditMigrations, AuditModule } from '@pikaia/audit';
import { context, loadSettings, newId } from '@pikaia/core';
import { DatabaseModule, DatabaseSettings, migrate } from '@pikaia/database';
import { EventsModule, outboxMigrations } from '@pikaia/events';
import { captureLogs } from '@pikaia/logging/testing';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { WebSocket } from 'ws';
import { createAdapter, mount } from './variant.js';
import { CreateOrders1765000000000, Jobs, OrderService, Shipping, ShopModule } from './shop.js';

declare const beforeAll: (hook: () => Promise<void>, timeoutMs: number) => void;
declare const afterAll: (hook: () => Promise<void>) => void;
declare const it: (title: string, test: () => Promise<void>, timeoutMs?: number) => void;
declare const expect: any;

const ownerUrl = process.env['OWNER_DATABASE_URL']!;
const START_TIMEOUT_MS = 60_000;
let app: INestApplication;
let port: number;
let owner: any;

beforeAll(async () => {
  const passwords = { api: process.env['API_PASSWORD']!, worker: process.env['WORKER_PASSWORD']! };
  await migrate({
    url: ownerUrl,
    migrations: [...outboxMigrations(), ...auditMigrations(), CreateOrders1765000000000],
    passwords,
  });
  owner = new pg.Client({ connectionString: ownerUrl });
  await owner.connect();
  const module = await Test.createTestingModule({ imports: [ShopModule.forRoot(mount)] }).compile();
  app = module.createNestApplication(createAdapter());
  app.useWebSocketAdapter(new WsAdapter(app));
  await app.listen(0, '127.0.0.1');
  ({ port } = app.getHttpServer().address() as AddressInfo);
}, START_TIMEOUT_MS);
afterAll(async () => {
  await app?.close();
  await owner?.end();
});

const post = (item: string, user?: string) =>
  fetch(`http://127.0.0.1:${port}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(user && { 'x-user': user }) },
    body: JSON.stringify({ item }),
  });

/** The actors, and the correlation ids, with which the order of an item was recorded and published. */
async function traces(item: string): Promise<unknown> {
  const { rows } = await owner.query(
    `select a.actor_id, e.payload->'actor'->>'id' as publisher, a.correlation_id = e.correlation_id as same_request, a.correlation_id
     from shop_order o join audit.record a on a.aggregate_id = o.id::text join outbox.outbox_log e on e.aggregate_id = o.id::text
     where o.item = $1`,
    [item],
  );
  return rows;
}

const by = (actor: string, correlationId: unknown = expect.any(String)) => [
  { actor_id: actor, publisher: actor, same_request: true, correlation_id: correlationId },
];

async function until<T>(read: () => Promise<T> | T, isDone: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await read();
    if (isDone(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

it('a request stores the row, publishes the event and records the entry, and the consumer gets the event', async () => {
  const logs = captureLogs();
  const response = await post('paper', 'alice');
  const { correlationId } = (await response.json()) as { correlationId: string };
  expect([response.status, response.headers.get('x-correlation-id')]).toEqual([201, correlationId]);
  expect(await traces('paper')).toEqual(by('alice', correlationId));
  expect(logs.one('nest_message')).toMatchObject({ trace_id: correlationId, 'usr.id': 'alice', item: 'paper' });
  logs.restore();
  await until(
    () => Shipping.shipped,
    (items) => items.includes('paper'),
  );
});

it('a request that fails stores, publishes and records nothing', async () => {
  const logs = captureLogs();
  expect((await post('sold out', 'alice')).status).toBe(500);
  expect((await post('', 'alice')).status).toBe(400);
  expect((await post('ink')).status).toBe(500); // no actor
  logs.restore();
  expect(await traces('sold out')).toEqual([]);
  const { rows } = await owner.query(
    `select count(*)::int as events from outbox.outbox_log where payload->'data'->>'item' in ('sold out', 'ink')`,
  );
  expect(rows).toEqual([{ events: 0 }]);
});

it('messages of a gateway have the context that the guard or interceptor of nestjs-cls opens', async () => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`);
  await new Promise((resolve) => socket.once('open', resolve));
  // The interceptor of nestjs-cls replaces the store of a message, and with it the context that a guard has bound.
  for (const way of 'interceptor' in mount ? ['intercepted'] : ['guarded', 'intercepted']) {
    const answered = new Promise((resolve) => socket.once('message', resolve));
    socket.send(JSON.stringify({ event: way, data: { item: way, user: `user of ${way}` } }));
    await answered;
    expect(await traces(way)).toEqual(by(`user of ${way}`));
  }
  socket.close();
});

it('jobs run in their own context', async () => {
  const jobs = app.get(Jobs);
  await until(
    () => traces('restocked'),
    (rows) => (rows as unknown[]).length > 0,
  );
  expect(await traces('restocked')).toEqual(by('restock'));
  const correlationId = newId();
  await jobs.process({ user: 'bob', correlationId });
  expect(await traces('queued')).toEqual(by('bob', correlationId));
  const shared = await jobs.command();
  expect([await traces('commanded'), await traces('commanded again')]).toEqual([by('command', shared), by('command', shared)]);
  expect(context.current).toBe(undefined);
  const refused = await app
    .get(OrderService)
    .place('nobody')
    .catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: 'PIKAIA_CONTEXT_MISSING' });
});

it('a set-up without DatabaseModule, and a database that does not answer, end the start with an error of one line', async () => {
  const start = (...imports: any[]) => Test.createTestingModule({ imports }).compile();
  const missing = await start(AuditModule.forRoot(), EventsModule.forRoot()).catch((error: unknown) => error);
  expect(missing).toMatchObject({ code: 'PIKAIA_DATABASE_MODULE_MISSING' });
  const [settings] = loadSettings([DatabaseSettings], { DATABASE_URL: 'postgres://shop:secret@127.0.0.1:1/shop' });
  const database = DatabaseModule.forRoot({ settings, applicationName: 'shop' });
  const refused = await start(AuditModule.forRoot(), EventsModule.forRoot(), database).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: 'ECONNREFUSED' });
});
