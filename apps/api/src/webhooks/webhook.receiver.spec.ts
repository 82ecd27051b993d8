import { Controller, HttpCode, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Audit, auditAction, NotAudited } from '@pikaia/audit';
import { context, loadSettings } from '@pikaia/core';
import { currentManager, DatabaseSettings } from '@pikaia/database';
import { flushMetrics } from '@pikaia/logging';
import { captureLogs, type CapturedLogs } from '@pikaia/logging/testing';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { executeSql, withConnection, type TestDatabase } from '../../../../test/support/database/database.js';
import { createApiDatabase } from '../../../../test/support/system/api-database.js';
import { API_SETTINGS } from '../api.settings.js';
import { AppModule } from '../app.module.js';
import { createFastifyAdapter } from '../server/fastify.adapter.js';
import { Signed, Webhook, type SignedRequest } from './webhook.decorator.js';
import { webhookMetrics } from './webhook.metrics.js';
import { WebhookMonitor } from './webhook.monitor.js';
import { WebhookReceiver } from './webhook.receiver.js';
import { WebhookRefusedError, type HandlerOutcome, type WebhookSource } from './webhook.source.js';
import { WebhooksModule } from './webhooks.module.js';

interface Notice {
  readonly id: string;
  readonly type: string;
}

const thingChanged = auditAction('thing.changed', { aggregate: 'thing', changes: 'none', description: 'For this spec.' });
const SECRET = 'the secret of the provider';
let handle: (notice: Notice, current?: string) => Promise<HandlerOutcome>;
let fetchCurrent: () => Promise<string>;
let received: Buffer | undefined;

const provider: WebhookSource<Notice, string> = {
  name: 'provider',
  isConfigured: true,
  verify({ body, headers }) {
    received = body;
    if (headers['x-secret'] !== SECRET) throw new WebhookRefusedError('signature_invalid');
    return JSON.parse(body.toString()) as Notice;
  },
  handle: (notice, current) => handle(notice, current),
  fetchCurrent: () => fetchCurrent(),
};

@Controller('planted')
class PlantedController {
  constructor(private readonly receiver: WebhookReceiver) {}

  @Post('webhook')
  @HttpCode(200)
  @Webhook('provider')
  @NotAudited('the specs count effects')
  receive(@Signed() request: SignedRequest) {
    return this.receiver.receive(provider, request);
  }

  @Post('undeclared')
  @NotAudited('nothing happens here')
  undeclared(): void {}
}

describe('WebhookReceiver', () => {
  let database: TestDatabase;
  let directory: string;
  let app: NestFastifyApplication;
  let logs: CapturedLogs;
  let url: string;

  beforeAll(async () => {
    database = await createApiDatabase();
    await executeSql(database.ownerUrl, 'create table effect (id text); grant select, insert on effect to pikaia_api');
    directory = mkdtempSync(join(tmpdir(), 'pikaia-webhooks-'));
    const environment = { DATABASE_URL: database.apiUrl, PIKAIA_VAR: directory };
    const [settings, ...api] = loadSettings([DatabaseSettings, ...API_SETTINGS], environment);
    @Module({
      imports: [AppModule.forRoot({ logging: {}, api, database: settings }), WebhooksModule],
      controllers: [PlantedController],
    })
    class Application {}
    app = await NestFactory.create<NestFastifyApplication>(Application, createFastifyAdapter(), {
      logger: false,
      abortOnError: false,
      bodyParser: false,
    });
    await app.listen(0, '127.0.0.1');
    url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    await app.close();
    await database.drop();
    rmSync(directory, { recursive: true });
  });
  beforeEach(() => {
    logs = captureLogs();
    handle = async ({ id }) => {
      await currentManager().query('insert into effect (id) values ($1)', [id]);
      return 'handled';
    };
    fetchCurrent = () => Promise.reject(new Error('unexpected'));
  });
  afterEach(() => logs.restore());

  async function send(body: unknown, headers: Record<string, string> = {}) {
    const response = await fetch(`${url}/planted/webhook`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-secret': SECRET, ...headers },
      body: typeof body === 'string' || body instanceof Uint8Array ? (body as string) : JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }
  const notice = (): Notice => ({ id: randomUUID(), type: 'thing.changed' });
  const rows = (sql: string, values: unknown[]) =>
    withConnection(database.ownerUrl, async (client) => (await client.query<Record<string, unknown>>(sql, values)).rows);
  const effects = async ({ id }: Notice) => (await rows('select from effect where id = $1', [id])).length;
  const receipts = ({ id }: Notice) => rows('select source, event_type from processed_webhook where event_id = $1', [id]);
  const counted = (name: string): unknown[] => {
    flushMetrics();
    return logs.records.filter((line) => name in line && line['source'] === 'provider').map((line) => line[name]);
  };

  it('gives the handler the bytes that were sent, and binds the actor after the signature is verified', async () => {
    const one = notice();
    let actor: unknown;
    handle = async () => {
      actor = context.actor;
      return 'handled';
    };
    const text = ` {"type":"thing.changed" ,  "id":"${one.id}", "name":"Zoë"}\n`;
    expect(await send(text)).toEqual({ status: 200, body: { outcome: 'handled' } });
    expect(received).toEqual(Buffer.from(text));
    expect(actor).toEqual({ type: 'system', id: 'provider' });
    expect(logs.records).toContainEqual(
      expect.objectContaining({ event: 'webhook_processed', 'webhook.id': one.id, 'webhook.outcome': 'handled' }),
    );
    expect(counted(webhookMetrics.handled.name)).toEqual([1]);
  });

  it.each([
    ['a wrong signature', '{"id":"a secret value"}', 'wrong'],
    ['bytes that are not UTF-8', new Uint8Array([0x22, 0xff, 0x22]), 'wrong'],
    ['no body', '', 'wrong'],
  ])('answers 400 to %s, and logs and counts it without the payload', async (_, body, secret) => {
    const answer = await send(body, { 'x-secret': secret });
    expect(answer).toEqual({
      status: 400,
      body: expect.objectContaining({ detail: 'The signature of the webhook is not valid.' }),
    });
    const line = logs.records.find(({ event }) => event === 'webhook_refused');
    expect(line).toMatchObject({ 'webhook.source': 'provider', 'webhook.reason': 'signature_invalid' });
    expect(JSON.stringify(logs.records)).not.toContain('a secret value');
    expect(counted(webhookMetrics.refused.name)).toEqual([1]);
    expect(logs.records.filter(({ event }) => event === 'webhook_failed')).toEqual([]);
  });

  it('has one effect if the same event is delivered repeatedly and concurrently', async () => {
    const one = notice();
    const answers = await Promise.all(Array.from({ length: 8 }, () => send(one)));
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
    expect(answers.map(({ body }) => body['outcome']).sort()).toEqual([...Array<string>(7).fill('duplicate'), 'handled']);
    expect(await send(one)).toEqual({ status: 200, body: { outcome: 'duplicate' } });
    expect(await effects(one)).toBe(1);
    expect(counted(webhookMetrics.duplicate.name)).toEqual([8]);
  });

  it('keeps the events of two sources with the same id apart', async () => {
    const one = notice();
    await executeSql(
      database.ownerUrl,
      `insert into processed_webhook (source, event_id, event_type) values ('another', '${one.id}', 'x')`,
    );
    expect((await send(one)).body).toEqual({ outcome: 'handled' });
  });

  it.each(['unknown_type', 'unknown_customer', 'outdated', 'unchanged'] as const)(
    'answers 200 to an event that the handler ignores as %s, and counts it',
    async (reason) => {
      handle = () => Promise.resolve(reason);
      const one = notice();
      expect(await send(one)).toEqual({ status: 200, body: { outcome: reason } });
      expect(await receipts(one)).toEqual([{ source: 'provider', event_type: 'thing.changed' }]);
      expect(counted(webhookMetrics.ignored.name)).toEqual([1]);
    },
  );

  it.each(['unknown_type', 'unknown_customer', 'unreadable', 'conflict'] as const)(
    'handles an event that was ignored as %s when the provider sends it again, once',
    async (reason) => {
      const [one, succeed] = [notice(), handle];
      handle = () => Promise.resolve(reason);
      expect([(await send(one)).body, (await send(one)).body]).toEqual([{ outcome: reason }, { outcome: reason }]);
      handle = succeed;
      const outcomes = (await Promise.all([send(one), send(one)])).map(({ body }) => body['outcome']).sort();
      expect(outcomes).toEqual(['duplicate', 'handled']);
      expect(await effects(one)).toBe(1);
      expect(await receipts(one)).toHaveLength(1);
    },
  );

  it('answers 500 if the handler fails, leaves nothing, and handles the retry', async () => {
    const one = notice();
    const succeed = handle;
    handle = async (given) => {
      await succeed(given);
      throw new Error('the handler failed');
    };
    expect((await send(one)).status).toBe(500);
    expect([await effects(one), await receipts(one)]).toEqual([0, []]);
    expect(logs.records).toContainEqual(
      expect.objectContaining({ event: 'webhook_failed', level: 'ERROR', 'webhook.id': one.id }),
    );
    expect(counted(webhookMetrics.failed.name)).toEqual([1]);
    handle = succeed;
    expect((await send(one)).body).toEqual({ outcome: 'handled' });
    expect(await effects(one)).toBe(1);
  });

  it('answers 500 if the handler fails with an error that other routes answer with a status below 500', async () => {
    handle = async () => {
      await currentManager().query(`insert into processed_webhook (source, event_id, event_type) values ('provider', $1, 'x')`, [
        one.id,
      ]);
      return 'handled';
    };
    const one = notice();
    expect((await send(one)).status).toBe(500);
    expect(await receipts(one)).toEqual([]);
  });

  it('reads the current state outside the transaction, and rolls back what the handler did before', async () => {
    const one = notice();
    const succeed = handle;
    const seen: (string | undefined)[] = [];
    handle = async (given, current) => {
      seen.push(current);
      await succeed(given);
      return current === undefined ? 'current' : 'handled';
    };
    fetchCurrent = async () => {
      expect(await receipts(one)).toEqual([]);
      expect(
        await rows(`select from pg_stat_activity where state = 'idle in transaction' and datname = current_database()`, []),
      ).toEqual([]);
      return 'the newest';
    };
    expect((await send(one)).body).toEqual({ outcome: 'handled' });
    expect(seen).toEqual([undefined, 'the newest']);
    expect(await effects(one)).toBe(1);
  });

  it('answers 500 if the current state cannot be read, and stores no receipt', async () => {
    const one = notice();
    handle = () => Promise.resolve('current');
    expect((await send(one)).status).toBe(500);
    expect(await receipts(one)).toEqual([]);
  });

  it('removes at most 20 expired receipts of the source with each event', async () => {
    await executeSql(
      database.ownerUrl,
      `insert into processed_webhook (source, event_id, event_type, processed_at)
       select source, 'old-' || n, 'x', now() - interval '36 days' from generate_series(1, 30) n, unnest('{provider,quiet}'::text[]) source;
       insert into processed_webhook (source, event_id, event_type, processed_at)
       values ('provider', 'kept', 'x', now() - interval '34 days')`,
    );
    const left = async () =>
      rows(`select source, count(*)::int from processed_webhook where event_id like 'old-%' group by source order by source`, []);
    await send(notice());
    expect(await left()).toEqual([
      { source: 'provider', count: 10 },
      { source: 'quiet', count: 30 },
    ]);
    await Promise.all([send(notice()), send(notice())]);
    expect(await left()).toEqual([{ source: 'quiet', count: 30 }]);
    expect(await receipts({ id: 'kept', type: '' })).toHaveLength(1);
  });

  it('belongs to an application that measures the silence of every provider', async () => {
    await executeSql(
      database.ownerUrl,
      `insert into processed_webhook (source, event_id, event_type)
       select source, n, 'x' from generate_series(1, 100) n, unnest('{stripe,stytch}'::text[]) source`,
    );
    const monitor = app.get(WebhookMonitor, { strict: false });
    await monitor.onApplicationShutdown();
    monitor.onApplicationBootstrap();
    await monitor.onApplicationShutdown();
    flushMetrics();
    const lines = logs.records.filter((line) => webhookMetrics.silence.name in line);
    expect(lines.map((line) => line['source']).sort()).toEqual(['stripe', 'stytch']);
  });

  it('refuses a body larger than 1 MiB, another content type and a content encoding', async () => {
    expect((await send('x'.repeat(1024 * 1024 + 1))).status).toBe(413);
    expect((await send('x', { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await send(notice(), { 'content-encoding': 'gzip' })).status).toBe(415);
  });

  it('does not open a route that declares neither access nor a webhook', async () => {
    const response = await fetch(`${url}/planted/undeclared`, { method: 'POST' });
    expect(response.status).toBe(401);
  });

  it('records audit entries with the provider as their actor', async () => {
    const one = notice();
    handle = async () => {
      await app.get(Audit, { strict: false }).record(thingChanged, { type: 'thing', id: one.id });
      return 'handled';
    };
    expect((await send(one)).status).toBe(200);
    expect(await rows('select actor_id from events_auditlog where aggregate_id = $1', [one.id])).toEqual([
      { actor_id: 'provider' },
    ]);
  });
});
