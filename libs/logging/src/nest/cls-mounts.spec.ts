import {
  Body,
  Controller,
  Injectable,
  Module,
  Post,
  UseGuards,
  type CanActivate,
  type DynamicModule,
  type ExecutionContext,
  type INestApplication,
} from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { ExpressAdapter } from '@nestjs/platform-express';
import { context } from '@pikaia/core';
import { ClsMiddleware, ClsModule, ClsGuard, ClsService, UseCls, type ClsModuleOptions } from 'nestjs-cls';
import { captureLogs } from '../testing/index.js';
import { LoggingModule } from './logging.module.js';

@Injectable()
class Authentication implements CanActivate {
  canActivate(execution: ExecutionContext): boolean {
    const { headers } = execution.switchToHttp().getRequest<{ headers: Record<string, string> }>();
    if (headers['x-user']) context.bind({ actor: { type: 'user', id: headers['x-user'] } });
    return true;
  }
}

@Controller()
class Orders {
  constructor(private readonly cls: ClsService) {}

  @Post('orders')
  async create(@Body() body?: { readonly paper?: string }): Promise<unknown> {
    await new Promise(setImmediate);
    return {
      id: context.correlationId,
      actor: context.actor?.id ?? null,
      method: context.current?.request?.method,
      tenant: (this.cls.get('tenant') as string | undefined) ?? null,
      paper: body?.paper ?? null,
    };
  }

  @Post('guarded')
  @UseGuards(ClsGuard)
  guarded(@Body() body: object): Promise<unknown> {
    return this.create(body);
  }

  @Post('decorated')
  @UseCls<[body: object]>({ runOptions: { ifNested: 'override' }, setup: (cls) => cls.set('tenant', 'acme') })
  decorated(@Body() body: object): Promise<unknown> {
    return this.create(body);
  }

  @Post('nested')
  nested(@Body() body: object): Promise<unknown> {
    return this.cls.run({ ifNested: 'override' }, () => this.create(body));
  }
}

@Module({})
class Shop {
  static with(cls: ClsModuleOptions): DynamicModule {
    return {
      module: Shop,
      imports: [ClsModule.forRoot({ global: true, ...cls }), LoggingModule.forRoot({ service: 'shop' })],
      controllers: [Orders],
      providers: [{ provide: APP_GUARD, useClass: Authentication }],
    };
  }
}

const setup = (cls: ClsService) => cls.set('tenant', 'acme');
const MOUNTS: readonly [string, ClsModuleOptions, ((app: INestApplication) => unknown)?][] = [
  ['is not mounted', {}],
  ['is mounted as middleware', { middleware: { mount: true, generateId: true, setup } }],
  ['is mounted as middleware with useEnterWith', { middleware: { mount: true, useEnterWith: true, setup } }],
  ['is mounted as guard', { guard: { mount: true, setup } }],
  ['is mounted as interceptor', { interceptor: { mount: true, setup } }],
  ['is mounted as middleware by hand', {}, (app) => app.use(new ClsMiddleware({ setup }).use)],
];
const SERVERS = [
  ['Fastify', () => new FastifyAdapter()],
  ['Express', () => new ExpressAdapter()],
] as const;
const ID = '01a21068-9b8c-7395-96b1-293c95188636';

describe.each(SERVERS.flatMap(([server, adapter]) => MOUNTS.map((mount) => [server, mount[0], adapter, mount] as const)))(
  'on %s, if ClsModule %s',
  (server, _, adapter, [, options, prepare]) => {
    let app: INestApplication;
    let url: string;
    beforeAll(async () => {
      using _quiet = captureLogs();
      app = await NestFactory.create(Shop.with(options), adapter());
      prepare?.(app);
      await app.listen(0, '127.0.0.1');
      url = await app.getUrl();
    });
    afterAll(() => app.close());

    const tenant = options.middleware || options.guard || options.interceptor || prepare ? 'acme' : null;

    it.each(['orders', 'guarded', 'decorated', 'nested'])('a request to %s keeps its context', async (path) => {
      const post = async (user: string) =>
        (await fetch(`${url}/${path}`, { method: 'POST', headers: { 'x-correlation-id': ID, 'x-user': user } })).json();
      expect(await Promise.all([post('u1'), post('u2'), post('')])).toEqual(
        ['u1', 'u2', null].map((actor) => expect.objectContaining({ id: ID, actor, method: 'POST' })),
      );
      if (path === 'orders') expect(await post('u1')).toMatchObject({ tenant });
      expect(context.current).toBeUndefined();
    });

    if (server !== 'Fastify') return;

    const request = (user: string) => ({
      method: 'POST' as const,
      url: '/orders',
      headers: { 'x-correlation-id': ID, 'x-user': user },
      payload: { paper: user },
    });

    it('an injected request has its own context and an access line, and binds nothing in the context of its caller', async () => {
      using logs = captureLogs();
      const { inject } = { inject: (user: string) => (app as NestFastifyApplication).inject(request(user)) };
      await context.run({ organizationId: 'outside' }, async () => {
        const responses = await Promise.all(['u1', 'u2', ''].map(inject));
        expect(responses.map((response) => [response.headers['x-correlation-id'], response.json() as unknown])).toEqual(
          ['u1', 'u2', ''].map((paper) => [ID, { id: ID, actor: paper || null, method: 'POST', tenant, paper }]),
        );
        expect([context.actor, context.organizationId]).toEqual([undefined, 'outside']);
      });
      expect((await inject('u3')).json()).toMatchObject({ id: ID, actor: 'u3' });
      expect(context.current).toBeUndefined();
      await logs.until('request_completed', { 'usr.id': 'u3', 'http.status_code': 201, 'http.url_details.path': '/orders' });
      expect(logs.records.every((record) => record['organization.id'] === undefined)).toBe(true);
    });

    it('an injected request with a callback, or as a chain, binds nothing in the context of its caller', async () => {
      const fastify = (app as NestFastifyApplication).getHttpAdapter().getInstance();
      await context.run({}, async () => {
        const called = await new Promise<unknown>((resolve, reject) =>
          fastify.inject(request('u1'), (error, response) =>
            error ? reject(error) : resolve([response?.json<{ actor: string }>().actor, context.actor]),
          ),
        );
        expect(called).toEqual(['u1', undefined]);
        const chained = await fastify.inject().post('/orders').headers({ 'x-user': 'u2' }).end();
        expect(chained.json()).toMatchObject({ actor: 'u2', method: 'POST' });
        expect(context.actor).toBeUndefined();
      });
    });
  },
);
