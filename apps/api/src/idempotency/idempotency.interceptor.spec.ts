import { type CallHandler, type ExecutionContext, type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Audit } from '@pikaia/audit';
import { context, newId } from '@pikaia/core';
import { DatabaseModule } from '@pikaia/database';
import { SecretCipher } from '@pikaia/webhooks';
import { ClsModule } from 'nestjs-cls';
import { defer, lastValueFrom } from 'rxjs';
import type { TestDatabase } from '../../../../test/support/database/database.js';
import { createApiDatabase } from '../../../../test/support/system/api-database.js';
import { Problem } from '../errors/problem.js';
import { IdempotencyInterceptor } from './idempotency.interceptor.js';
import { IdempotencyKeys } from './idempotency-keys.js';

/** The parts of a Fastify reply that the interceptor uses. */
class Reply {
  statusCode = 200;
  private readonly values: Record<string, unknown> = {};

  status(code: number): this {
    this.statusCode = code;
    return this;
  }

  headers(values: object): this {
    Object.assign(this.values, values);
    return this;
  }

  header(name: string, value: unknown): this {
    return this.headers({ [name]: value });
  }

  getHeaders(): Record<string, unknown> {
    return { ...this.values };
  }
}

/** Other requests run between the rollback of a request that failed and the transaction that stores its response. */
describe('a request that fails while its key is used again', () => {
  let database: TestDatabase;
  let app: INestApplicationContext;
  let keys: IdempotencyKeys;
  let interceptor: IdempotencyInterceptor;

  beforeAll(async () => {
    database = await createApiDatabase();
    const settings = { databaseUrl: database.apiUrl, databasePoolSize: 4, databaseStatementTimeoutMs: 5_000 };
    @Module({
      imports: [ClsModule.forRoot({ global: true }), DatabaseModule.forRoot({ settings, applicationName: 'spec' })],
      providers: [IdempotencyKeys],
    })
    class SpecModule {}
    app = await NestFactory.createApplicationContext(SpecModule, { logger: false });
    keys = app.get(IdempotencyKeys);
    interceptor = new IdempotencyInterceptor(keys, new Audit(), new SecretCipher(['a key of the test']));
  });
  afterEach(() => jest.restoreAllMocks());
  afterAll(async () => {
    await app.close();
    await database.drop();
  });

  /** Handles a request with the key in its own context. */
  const request = (key: string, handler: () => Promise<unknown>): Promise<{ reply: Reply; body: unknown }> =>
    context.run({}, async () => {
      const reply = new Reply();
      const incoming = {
        headers: { 'idempotency-key': key },
        identity: { kind: 'operator', userId: 'user-1' },
        method: 'POST',
        originalUrl: '/things',
      };
      const execution = {
        getHandler: () => handler,
        switchToHttp: () => ({ getRequest: () => incoming, getResponse: () => reply }),
      };
      const next: CallHandler = { handle: () => defer(handler) };
      const body = await lastValueFrom(interceptor.intercept(execution as unknown as ExecutionContext, next));
      return { reply, body };
    });

  const fail = async (): Promise<never> => {
    throw Problem.notFound('Nothing here.');
  };

  /** Runs `work` directly before the response of a request that has failed is stored. */
  function beforeStoring(work: () => Promise<unknown>): void {
    const findOrStore = keys.findOrStore.bind(keys);
    let calls = 0;
    jest.spyOn(keys, 'findOrStore').mockImplementation(async (...args) => {
      calls++;
      if (calls === 2) await work();
      return findOrStore(...args);
    });
  }

  it('gets the response of the request that was processed in between, so that the key has one response', async () => {
    const key = newId();
    beforeStoring(() => request(key, async () => ({ made: true })));
    const { reply, body } = await request(key, fail);
    expect([reply.statusCode, body]).toEqual([200, '{"made":true}']);
    expect(reply.getHeaders()).toMatchObject({ 'idempotent-replayed': 'true' });
  });

  it('is told to repeat its request if the other one is still running', async () => {
    const key = newId();
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    let other!: Promise<{ body: unknown }>;
    beforeStoring(
      () =>
        new Promise<void>((running) => {
          other = request(key, async () => {
            running();
            await released;
            return { made: true };
          });
        }),
    );
    await expect(request(key, fail)).rejects.toMatchObject({ status: 409, kind: 'idempotency-key-in-use' });
    release();
    expect((await other).body).toBe('{"made":true}');
  });

  it('keeps its error if no other request was processed', async () => {
    const key = newId();
    await expect(request(key, fail)).rejects.toMatchObject({ status: 404 });
    const repeat = await request(key, async () => ({ made: true }));
    expect([repeat.reply.statusCode, JSON.parse(repeat.body as string)]).toMatchObject([404, { status: 404 }]);
  });

  it.each([
    ['401', Problem.unauthorized('x')],
    ['429', Problem.ofStatus(429, 'x')],
    ['500', new Error('x')],
    ['503', Problem.unavailable(1)],
    ['503 of an unknown outcome', Problem.outcomeUnknown()],
  ])('is processed again after %s', async (_, error) => {
    const key = newId();
    await expect(
      request(key, async () => {
        throw error;
      }),
    ).rejects.toBe(error);
    expect((await request(key, async () => ({ made: true }))).body).toBe('{"made":true}');
  });
});
