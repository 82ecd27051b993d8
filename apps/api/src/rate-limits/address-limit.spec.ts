import { Controller, Get, Global, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { getDataSourceToken } from '@nestjs/typeorm';
import { loadSettings } from '@pikaia/core';
import { LoggingModule } from '@pikaia/logging';
import { ClsModule } from 'nestjs-cls';
import { createFastifyAdapter } from '../server/fastify.adapter.js';
import { ServerSettings } from '../server/server.settings.js';
import { ContentPolicy } from '../server/security-headers.js';
import { AddressLimit } from './address-limit.decorator.js';
import { RateLimitsModule } from './rate-limits.module.js';

const [settings] = loadSettings([ServerSettings], { RATE_LIMIT_ADDRESS: '1', RATE_LIMIT_WEBHOOK: '2' });

@Controller()
class Routes {
  @AddressLimit('webhook')
  @ContentPolicy({ 'default-src': ["'self'"] })
  @Get('webhook')
  webhook(): void {}

  @AddressLimit('none')
  @Get('unlimited')
  unlimited(): void {}

  @Get('usual')
  usual(): void {}
}

@Global()
@Module({
  providers: [
    { provide: ServerSettings, useValue: settings },
    { provide: getDataSourceToken(), useValue: {} }, // only organizations are counted in the database
  ],
  exports: [ServerSettings, getDataSourceToken()],
})
class Dependencies {}

@Module({
  imports: [ClsModule.forRoot({ global: true }), LoggingModule.forRoot({}), Dependencies, RateLimitsModule],
  controllers: [Routes],
})
class Application {}

describe('the address limit of a route', () => {
  let app: NestFastifyApplication;
  let url: string;

  beforeAll(async () => {
    app = await NestFactory.create<NestFastifyApplication>(Application, createFastifyAdapter(), {
      logger: false,
      bodyParser: false,
    });
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
  });
  afterAll(() => app.close());

  it('is counted by itself, or not at all, as the decorator of the route says', async () => {
    const limited: string[] = [];
    for (const path of ['usual', 'webhook', 'usual', 'webhook', 'webhook', 'unlimited'])
      limited.push(`${path} ${String((await fetch(`${url}/${path}`)).headers.get('ratelimit')).replace(/;t=.*/, '')}`);
    expect(limited).toEqual([
      'usual "address";r=0',
      'webhook "webhook";r=1',
      'usual "address";r=0',
      'webhook "webhook";r=0',
      'webhook "webhook";r=0',
      'unlimited null',
    ]);
  });

  it('can be combined with a content policy', async () => {
    const { headers } = await fetch(`${url}/webhook`);
    expect(headers.get('content-security-policy')).toBe("default-src 'self'");
    expect(headers.get('ratelimit')).toContain('"webhook"');
  });
});
