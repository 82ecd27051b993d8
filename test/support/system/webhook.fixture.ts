import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AuditModule } from '@pikaia/audit';
import { newId, systemClock } from '@pikaia/core';
import { DatabaseModule } from '@pikaia/database';
import { EventsModule } from '@pikaia/events';
import { newEndpointSecret, SecretCipher, WebhookEndpoint } from '@pikaia/webhooks';
import { ClsModule } from 'nestjs-cls';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { GuardedPost, type GuardedPostOptions } from '../../../libs/webhooks/src/http/guarded.post.js';
import { parseNetworks } from '../../../libs/webhooks/src/http/address.policy.js';
import { DeliverySender } from '../../../libs/webhooks/src/sending/delivery.sender.js';
import { DeliveryStore } from '../../../libs/webhooks/src/sending/delivery.store.js';
import { EndpointDisabler } from '../../../libs/webhooks/src/sending/endpoint.disabler.js';
import { SendingLoop } from '../../../libs/webhooks/src/sending/sending.loop.js';
import type { TestDatabase } from '../database/database.js';
import { WebhookReceiver } from '../http/webhook.receiver.js';
import { pollUntil } from '../time/wait-for.js';
import { createApiDatabase } from './api-database.js';

const KEY = 'the key of the tests, of at least 32 characters';

export interface TestEndpoint {
  readonly id: string;
  readonly organizationId: string;
  readonly path: string;
  readonly secret: string;
}

export interface TestDelivery {
  readonly id: string;
  readonly event_id: string;
  readonly status: string;
  readonly attempts: number;
  readonly claimed_by: string | null;
  /** Seconds until the next attempt. */
  readonly due_in: number;
  /** The error codes of the attempts; null for a success. */
  readonly codes: readonly (string | null)[];
}

export interface LoopOptions {
  readonly concurrency?: number;
  readonly claimMs?: number;
  readonly random?: () => number;
  readonly cipher?: SecretCipher;
  readonly post?: GuardedPostOptions;
}

/** Sending loops on a database of the api, with a receiver. Each test has its own organizations and endpoints. */
export class WebhookFixture {
  readonly cipher = new SecretCipher([KEY]);
  database!: TestDatabase;
  receiver!: WebhookReceiver;
  private owner!: pg.Pool;
  private application!: INestApplicationContext;
  private loops: SendingLoop[] = [];
  private paths = 0;

  async open(): Promise<void> {
    this.receiver = await new WebhookReceiver().listen();
    this.database = await createApiDatabase();
    this.owner = new pg.Pool({ connectionString: this.database.ownerUrl, max: 2 });
    this.owner.on('error', () => undefined);
    const databaseUrl = this.database.workerUrl;
    const settings = { databaseUrl, databasePoolSize: 10, databaseStatementTimeoutMs: 15_000 };
    @Module({
      imports: [
        ClsModule.forRoot({ global: true }),
        DatabaseModule.forRoot({ settings, applicationName: 'spec', entities: [WebhookEndpoint] }),
        EventsModule.forRoot({ databaseUrl }),
        AuditModule.forRoot(),
      ],
      providers: [EndpointDisabler],
    })
    class SpecModule {}
    this.application = await NestFactory.createApplicationContext(SpecModule, { logger: ['error'], abortOnError: false });
  }

  /** Ends the loops of the last test and removes its deliveries. */
  async reset(): Promise<void> {
    await this.stopLoops();
    await this.query('truncate webhook_delivery cascade');
  }

  async close(): Promise<void> {
    await this.stopLoops();
    await this.application.close();
    await this.owner.end();
    await this.database.drop();
    await this.receiver.stop();
  }

  /** Executes SQL as the owner of the database. */
  async query<Row extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.owner.query<Row>(sql, values)).rows;
  }

  async addOrganization(): Promise<string> {
    const id = newId();
    const sql = 'insert into organizations_organization (id, name, slug, provider_id) values ($1, $2, $2, $2)';
    await this.query(sql, [id, `organization-test-${id}`]);
    return id;
  }

  /** Adds an endpoint with its own path of the receiver, or with `url`. Its organization is a new one unless it is given. */
  async addEndpoint({ organizationId, url }: { organizationId?: string; url?: string } = {}): Promise<TestEndpoint> {
    const [id, path, secret] = [newId(), `/endpoint-${++this.paths}`, newEndpointSecret()];
    const endpoint = { id, path, secret, organizationId: organizationId ?? (await this.addOrganization()) };
    await this.query(
      `insert into webhook_endpoint (id, organization_id, url, description, event_types, status, log_position)
       values ($1, $2, $3, '', '{*}', 'enabled', 0)`,
      [id, endpoint.organizationId, url ?? `${this.receiver.url}${path}`],
    );
    await this.addSecret(id, secret);
    return endpoint;
  }

  async addSecret(endpointId: string, secret: string): Promise<void> {
    const { keyId, ciphertext } = this.cipher.encrypt(secret, endpointId);
    await this.query('insert into webhook_secret (id, endpoint_id, key_id, ciphertext) values ($1, $2, $3, $4)', [
      newId(),
      endpointId,
      keyId,
      ciphertext,
    ]);
  }

  async addDeliveries({ id, organizationId }: TestEndpoint, count = 1, kind = 'event'): Promise<void> {
    await this.query(
      `insert into webhook_delivery (id, endpoint_id, organization_id, kind, event_id, event_type, schema_version, correlation_id, payload)
       select gen_random_uuid(), $1, $2, $3, gen_random_uuid(), 'spec.happened', 1, gen_random_uuid(), '{"number":' || n || '}'
       from generate_series(1, $4::int) n`,
      [id, organizationId, kind, count],
    );
  }

  /** The deliveries of an endpoint, in the order of their creation. */
  deliveries({ id }: { readonly id: string }): Promise<TestDelivery[]> {
    return this.query<TestDelivery & pg.QueryResultRow>(
      `select d.id, d.event_id, d.status, d.attempts, d.claimed_by, extract(epoch from d.next_attempt_at - now())::float8 as due_in,
         array(select a.error_code from webhook_attempt a where a.delivery_id = d.id order by a.number) as codes
       from webhook_delivery d where d.endpoint_id = $1 order by d.created_at, d.id`,
      [id],
    );
  }

  async waitUntil(endpoint: TestEndpoint, holds: (deliveries: TestDelivery[]) => boolean): Promise<TestDelivery[]> {
    return pollUntil(
      () => this.deliveries(endpoint),
      holds,
      45_000,
      () => `the deliveries of ${endpoint.path}`,
    );
  }

  /** Waits until the endpoint has no pending delivery. */
  async waitUntilSettled({ id }: TestEndpoint): Promise<void> {
    const pending = `select count(*)::int as count from webhook_delivery where endpoint_id = $1 and status = 'pending'`;
    await pollUntil(
      async () => (await this.query<{ count: number }>(pending, [id]))[0]!.count,
      (count) => count === 0,
    );
  }

  async endpointRow({ id }: TestEndpoint): Promise<Record<string, unknown>> {
    const [row] = await this.query(
      `select status, disabled_reason, failing_since is not null as is_failing, consecutive_failures as failures,
         coalesce(extract(epoch from paused_until - now()), 0)::float8 as paused_for from webhook_endpoint where id = $1`,
      [id],
    );
    return row!;
  }

  /** Makes the pending deliveries of an endpoint due, as if the time of their delays had passed. */
  async passDelays({ id }: TestEndpoint): Promise<void> {
    await this.query('update webhook_endpoint set paused_until = null where id = $1', [id]);
    await this.query(
      `update webhook_delivery set next_attempt_at = now() - interval '1 ms' where endpoint_id = $1 and status = 'pending'`,
      [id],
    );
  }

  /** Starts a loop as a worker has it. Several loops are several workers. */
  startLoop({
    concurrency = 100,
    claimMs = 60_000,
    random = () => 0.5,
    cipher = this.cipher,
    post,
  }: LoopOptions = {}): SendingLoop {
    const clock = systemClock;
    const store = new DeliveryStore(this.application.get(DataSource), {
      worker: `spec:${newId()}`,
      claimMs,
      maxPerEndpoint: 5,
      maxPerOrganization: 20,
    });
    const allowed = { allowedNetworks: parseNetworks('127.0.0.0/8'), allowHttp: true, timeoutMs: 10_000 };
    const disabler = this.application.get(EndpointDisabler);
    const sender = new DeliverySender({
      post: new GuardedPost({ ...allowed, ...post }),
      cipher,
      store,
      disabler,
      clock,
      random,
      claimMs,
    });
    const loop = new SendingLoop({ store, sender, concurrency, clock });
    this.loops.push(loop);
    loop.start();
    return loop;
  }

  async stopLoops(timeoutMs = 0): Promise<void> {
    await Promise.all(this.loops.splice(0).map((loop) => loop.stop(timeoutMs)));
  }
}
