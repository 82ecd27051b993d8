import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSettings, newId, systemClock } from '@pikaia/core';
import { Outbox } from '@pikaia/events';
import { CONSUMERS, consumersIn } from '@pikaia/reactions';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { ApiSettings } from '../../../apps/api/src/api.settings.js';
import { issueDevelopmentToken, issueDevelopmentTokens } from '../../../apps/api/src/authentication/development-issuer.js';
import { seed } from '../../../apps/api/src/database/seed.js';
import type { TestDatabase } from '../database/database.js';
import { createApiClient, type ApiClient } from '../openapi/api.client.js';
import { checkExchange } from '../openapi/exchange.check.js';
import { createApiDatabase } from './api-database.js';
import { ServiceProcess, type LogLine } from './service.process.js';

export interface ApiResponse {
  readonly status: number;
  readonly headers: Headers;
  /** The parsed JSON body, or `{ text }` for another content type. */
  readonly body: { readonly [field: string]: unknown };
}

const SEEN_TIMEOUT_MS = 45_000; // far more than a wait takes, so that a busy machine does not fail a test

/** A test sends more requests than a user. Tests of the limits set their own. */
const NO_RATE_LIMITS = {
  RATE_LIMIT_ADDRESS: '0',
  RATE_LIMIT_SESSION: '0',
  RATE_LIMIT_ORGANIZATION: '0',
};

export interface SystemOptions {
  readonly worker?: boolean;
  readonly environment?: NodeJS.ProcessEnv;
  /** The database to use. By default a new one is created. Either is dropped by `stop`. */
  readonly database?: TestDatabase;
}

/** The built api and outbox-worker on a database with the demo data, with a separate folder for their files. */
export class System {
  readonly services: ServiceProcess[] = [];
  private readonly issuedTokens = new Map<string, string>();
  private readonly pool: pg.Pool;
  private readonly outbox: Outbox;

  private constructor(
    readonly database: TestDatabase,
    readonly directory: string,
    private readonly environment: NodeJS.ProcessEnv,
  ) {
    this.pool = new pg.Pool({ connectionString: database.ownerUrl, max: 2 });
    this.pool.on('error', () => undefined); // after a restart of the server, the next query gets a new connection
    const [{ cursorKey: tokenKey }] = loadSettings([ApiSettings], environment);
    const source = { query: (sql: string, values: unknown[]) => this.query(sql, values) } as unknown as DataSource;
    this.outbox = new Outbox({ tokenKey, clock: systemClock, queueConsumers: consumersIn('lambda', CONSUMERS) }, source);
  }

  static async start({ worker = true, environment = {}, database }: SystemOptions = {}): Promise<System> {
    const directory = mkdtempSync(join(tmpdir(), 'pikaia-system-'));
    chmodSync(directory, 0o711);
    const system = new System(database ?? (await createApiDatabase()), directory, environment);
    await seed(system.database.ownerUrl);
    await system.addBystander();
    await Promise.all([system.startApi(), ...(worker ? [system.startWorker()] : [])]);
    return system;
  }

  async startApi(environment: NodeJS.ProcessEnv = {}): Promise<ServiceProcess> {
    return this.addService(await ServiceProcess.start('api', { ...this.settings(this.database.apiUrl), ...environment }));
  }

  async startWorker(environment: NodeJS.ProcessEnv = {}): Promise<ServiceProcess> {
    return this.addService(
      await ServiceProcess.start('outbox-worker', { ...this.settings(this.database.workerUrl), ...environment }),
    );
  }

  settings(databaseUrl: string): NodeJS.ProcessEnv {
    return {
      DATABASE_URL: databaseUrl,
      PORT: '0',
      WORKER_PORT: '0',
      PIKAIA_VAR: this.directory,
      EVENT_SINKS: 'log,local', // not the default, because an application has several sinks
      INVITATION_SECRET: 'a secret of the tests, long enough for it',
      WEBHOOK_SECRET_KEYS: 'a key of the tests that is long enough',
      ...NO_RATE_LIMITS,
      ...this.environment,
    };
  }

  get api(): ServiceProcess {
    return this.services.findLast(({ startLine }) => startLine?.['event'] === 'api_started')!;
  }

  get worker(): ServiceProcess {
    return this.services.findLast(({ startLine }) => startLine?.['event'] === 'worker_started')!;
  }

  /** All log lines of api and worker so far. */
  get lines(): LogLine[] {
    return this.services.flatMap(({ lines }) => lines);
  }

  /** Returns a session token, as `npm run token` does. One token for each address is reused. */
  async token(email: string): Promise<string> {
    const known = this.issuedTokens.get(email);
    if (known) return known;
    const token = await this.newToken(email);
    this.issuedTokens.set(email, token);
    return token;
  }

  /** Issues the tokens of many users over one connection. */
  async tokens(emails: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const missing = emails.filter((email) => !this.issuedTokens.has(email));
    const tokens = await issueDevelopmentTokens({
      emails: missing,
      keysDirectory: join(this.directory, 'keys'),
      databaseUrl: this.database.ownerUrl,
    });
    for (const [index, email] of missing.entries()) this.issuedTokens.set(email, tokens[index]!);
    return this.issuedTokens;
  }

  /** Issues a new session token. `lifetime` is in seconds. */
  newToken(
    email: string,
    lifetime?: number,
    options: { organization?: string; newOrganization?: boolean } = {},
  ): Promise<string> {
    const keysDirectory = join(this.directory, 'keys');
    const times = lifetime === undefined ? {} : { lifetime };
    return issueDevelopmentToken({ email, keysDirectory, databaseUrl: this.database.ownerUrl, ...times, ...options });
  }

  /**
   * Sends a request, with a session of the user `as` if it is given. Paths are relative to /api/v1, except for /health.
   *
   * @throws Error if a request to the api or its response differs from docs/openapi.json.
   */
  async request(method: string, path: string, options: RequestOptions = {}): Promise<ApiResponse> {
    const { as, body, headers = {}, port = this.api.port, signal } = options;
    const target = `${path.startsWith('/health') ? '' : '/api/v1'}${path}`;
    const sent = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
    const response = await fetch(`http://127.0.0.1:${port}${target}`, {
      method,
      headers: {
        ...(as !== undefined && { authorization: `Bearer ${await this.token(as)}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(sent !== undefined && { body: sent }),
      ...(signal && { signal }),
    });
    const text = await response.text();
    // The document has no preflights, which are part of CORS and not of the API.
    const isApi =
      method !== 'OPTIONS' &&
      this.services.some((service) => service.port === port && service.startLine?.['event'] === 'api_started');
    if (isApi) checkExchange({ method, path: target, sent, status: response.status, headers: response.headers, received: text });
    const isJson = response.headers.get('content-type')?.includes('json');
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : { text } };
  }

  /** Returns a typed client with a session of the user. */
  async client(email: string, port = this.api.port): Promise<ApiClient> {
    return createApiClient(`http://127.0.0.1:${port}`, await this.token(email));
  }

  /** Waits until a consumer has handled the events of a request that had the header `Prefer: change-token`. */
  waitUntilSeen(consumer: string, { headers }: ApiResponse, timeoutMs = SEEN_TIMEOUT_MS): Promise<void> {
    return this.outbox.waitUntilSeen(consumer, headers.get('x-change-token')!, { timeoutMs });
  }

  /** Executes SQL as the owner of the database. */
  async query<Row extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.pool.query<Row>(sql, values)).rows;
  }

  /** Stops all services and removes the database and the folder. @returns the exit code or signal of each service. */
  async stop(): Promise<(number | string)[]> {
    const ends = await Promise.all(this.services.map((service) => service.stop()));
    await this.pool.end();
    await this.database.drop();
    rmSync(this.directory, { recursive: true, force: true }); // only the folder from mkdtemp
    return ends;
  }

  /** Adds an organization with an admin and an event, because no test may assume that it is alone. */
  private async addBystander(): Promise<void> {
    const [organizationId, memberId, eventId] = [newId(), newId(), newId()];
    const envelope = {
      event_id: eventId,
      event_type: 'member.removed',
      schema_version: 1,
      occurred_at: new Date().toISOString(),
      aggregate_type: 'member',
      aggregate_id: memberId,
      organization_id: organizationId,
      correlation_id: newId(),
      actor: null,
      data: { user_id: newId(), email: 'left@bystander.example', role: 'member' },
    };
    await this.query(
      `with organization as (
         insert into organizations_organization (id, name, slug, provider_id)
         values ($1, 'Bystander', 'bystander', 'organization-test-bystander') returning id),
       person as (
         insert into organizations_user (id, email, email_key)
         values ($2, 'admin@bystander.example', 'admin@bystander.example') returning id, email),
       member as (
         insert into organizations_member (id, organization_id, user_id, email, role, status, provider_id, joined_at)
         select $2, o.id, p.id, p.email, 'admin', 'active', 'member-test-bystander', now() from organization o, person p)
       insert into outbox.outbox_log (event_id, event_type, schema_version, aggregate_type, aggregate_id, organization_id,
         correlation_id, occurred_at, size, payload)
       values ($3, $4::json->>'event_type', 1, 'member', $2, $1, ($4::json->>'correlation_id')::uuid, now(), 1000, $4)`,
      [organizationId, memberId, eventId, JSON.stringify(envelope)],
    );
  }

  private addService(service: ServiceProcess): ServiceProcess {
    this.services.push(service);
    return service;
  }
}

export interface RequestOptions {
  readonly as?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly port?: number;
  /** Ends the request and closes its connection. */
  readonly signal?: AbortSignal;
}
